"""Goes once through the statements of a script, and knows in the end how it can be run."""

from collections.abc import Callable, Iterator
from math import ceil

from lambda_fn.domain import location
from lambda_fn.domain.chunks import CHUNK_BYTES, Range
from lambda_fn.domain.landmark import Landmark, Landmarks
from lambda_fn.domain.ordinary_statements import ordinary_end
from lambda_fn.domain.script_refusal import REFUSALS, refusal
from lambda_fn.domain.statement_kinds import REFUSED, TRANSACTION_CONTROL, Kind, kind_of
from lambda_fn.domain.statement_limit import BYTES_OF_MIB
from lambda_fn.domain.statement_traits import adds_enum_value, calls_routine, may_refuse_transaction
from lambda_fn.domain.statements import Statement, UnreadableScript, next_statement
from lambda_fn.errors import MigrateError, SettingsInvalid
from lambda_fn.errors import settings as settings_errors

IN_A_TRANSACTION, UNCOMMITTED_ENUM, COMMITS_BY_ITSELF = "25001", "55P04", "2D000"

Splitter = Callable[[bytes], Iterator[Statement]]
"""What gives the statements of a script: statements.split, or one that looks at them as it passes them on."""


class Survey:
    """What is known of a script once it has been read.

    `executed` counts the statements but for the author's own BEGIN and COMMIT, which are `controls`.
    `non_transactional` is the first that cannot run in a transaction. `fallbacks` are the SQLSTATEs at which it may be
    run stepwise instead. `chunks` are byte ranges of whole statements, one of `landmarks` behind each but the last.
    """

    def __init__(self, migration: str, text: bytes, max_statement_mib: int) -> None:
        self.executed = 0
        self.controls: list[Statement] = []
        self.non_transactional: Statement | None = None
        self.fallbacks: set[str] = set()
        self.chunks: list[Range] = []
        self._migration = migration
        self._text = text
        self._max_statement_mib = max_statement_mib
        self._longest_bytes = max_statement_mib * BYTES_OF_MIB
        self._open_begin: Statement | None = None
        self._chunk_start = 0
        self._landmarks: list[Landmark] = []

    @property
    def landmarks(self) -> Landmarks:
        """Those so far."""
        return tuple(self._landmarks)

    def read(self, splitter: Splitter | None, check_time: Callable[[], None]) -> None:
        """Read the script to its end. Raises: SettingsInvalid M211 and M223, and what `check_time` raises."""
        try:
            for statement in splitter(self._text) if splitter else self._not_ordinary(check_time):
                check_time()
                self._add(statement)
        except UnreadableScript as error:
            raise self._refusal(error.offset, f"{error.reason}.", "Mend the file.") from None
        if self._open_begin:
            problem = "this BEGIN is never followed by a COMMIT."
            raise self._refusal(self._open_begin.start, problem, "Add COMMIT;, or remove the BEGIN.")
        self._end_chunk(len(self._text))

    def _not_ordinary(self, check_time: Callable[[], None]) -> Iterator[Statement]:
        """The statements that must be looked at one by one, between those that are passed over."""
        position = self._pass_over(0, check_time)
        while (statement := next_statement(self._text, position)) is not None:
            yield statement
            position = self._pass_over(statement.stop, check_time)

    def _pass_over(self, position: int, check_time: Callable[[], None]) -> int:
        """Count the ordinary statements that come next: just behind the last of them."""
        while (end := ordinary_end(self._text, position)) and end - position <= self._longest_bytes:
            position = end
            self.executed += 1
            if end - self._chunk_start >= CHUNK_BYTES:
                self._set_landmark(end)
                check_time()
        return position

    def _add(self, statement: Statement) -> None:
        if statement.end - statement.start > self._longest_bytes:
            raise self._too_large(statement)
        kind = kind_of(statement)
        if kind in REFUSED:
            problem, next_step = REFUSALS[kind]
            raise self._refusal(statement.start, f"{kind.value} {problem}", next_step)
        if kind in TRANSACTION_CONTROL:
            self._control(kind, statement)
        else:
            self.executed += 1
        if kind is Kind.NON_TRANSACTIONAL and self.non_transactional is None:
            self.non_transactional = statement
        self.fallbacks.update(_fallbacks(statement))
        if statement.stop - self._chunk_start >= CHUNK_BYTES:
            self._set_landmark(statement.stop)

    def _control(self, kind: Kind, statement: Statement) -> None:
        """The author's own BEGIN … COMMIT (Prisma writes one for a changed enum) is dropped when balanced."""
        if kind is Kind.BEGIN and self._open_begin is None:
            self._open_begin = statement
        elif kind is Kind.COMMIT and self._open_begin is not None:
            self._open_begin = None
        else:
            raise self._refusal(
                statement.start,
                f"{kind.value} does not fit here: only pairs of a plain BEGIN and COMMIT can become part of the "
                "transaction that the file runs in.",
                "Remove it: every file runs in a transaction of its own anyway.",
            )
        self.controls.append(statement)

    def _too_large(self, statement: Statement) -> MigrateError:
        where = location.at_offset(self._migration, self._text, statement.start, self.landmarks)
        size_mib = ceil((statement.end - statement.start) / BYTES_OF_MIB * 10) / 10  # 16.0 MiB is not above 16
        return settings_errors.statement_too_large(size_mib, self._max_statement_mib, where)

    def _refusal(self, offset: int, problem: str, next_step: str) -> SettingsInvalid:
        return refusal(self._migration, self._text, offset, problem, next_step, landmarks=self.landmarks)

    def _set_landmark(self, stop: int) -> None:
        self._end_chunk(stop)
        self._landmarks.append(Landmark(stop, self.executed + len(self.controls)))

    def _end_chunk(self, stop: int) -> None:
        if stop > self._chunk_start or not self.chunks:
            self.chunks.append((self._chunk_start, stop))
        self._chunk_start = stop


def _fallbacks(statement: Statement) -> Iterator[str]:
    if adds_enum_value(statement):
        yield UNCOMMITTED_ENUM
    elif calls_routine(statement):
        yield COMMITS_BY_ITSELF
    elif may_refuse_transaction(statement):
        yield IN_A_TRANSACTION
