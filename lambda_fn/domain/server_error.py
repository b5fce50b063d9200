"""An error as PostgreSQL reported it, and what of it people may see."""

import re
from dataclasses import dataclass, field, replace

# DETAIL of an integrity violation repeats the values of the row.
_INTEGRITY_VIOLATION = "23"
_QUOTED = r"(?s)['$\"].*['$\"]"


@dataclass(frozen=True, slots=True)
class ServerError:
    """The fields of an error response. `position` counts characters of the message sent, from 1."""

    sqlstate: str
    message: str
    severity: str = "ERROR"
    detail: str | None = field(default=None, repr=False)
    hint: str | None = None
    position: int | None = None
    context: str | None = field(default=None, repr=False)

    def without_literals(self) -> "ServerError":
        """The same without whatever the texts quote: the server repeats the token at which it failed."""
        return replace(self, message=re.sub(_QUOTED, "…", self.message), detail=None, hint=None, context=None)

    @property
    def is_fatal(self) -> bool:
        """Whether the server ended the session with it."""
        return self.severity in ("FATAL", "PANIC")

    @property
    def lines(self) -> tuple[str, ...]:
        """Detail, hint and PL/pgSQL context as lines for people, without the values of rows."""
        return tuple(line for line in (self._detail_line, self._hint_line, self._context_line) if line)

    @property
    def _detail_line(self) -> str | None:
        if self.detail is None or self.sqlstate.startswith(_INTEGRITY_VIOLATION):
            return None
        return f"DETAIL: {self.detail}"

    @property
    def _hint_line(self) -> str | None:
        return f"HINT: {self.hint}" if self.hint else None

    @property
    def _context_line(self) -> str | None:
        # Other contexts (COPY, SQL statement) repeat data; a PL/pgSQL one names function and line.
        lines = (self.context or "").splitlines()
        return next((f"CONTEXT: {line}" for line in lines if line.startswith("PL/pgSQL function")), None)
