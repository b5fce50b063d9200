"""A plan as a Markdown document, for a comment at a pull request."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lambda_fn.domain.destructive import Destructive, Harm
from lambda_fn.domain.outcome import Outcome, PendingMigration
from lambda_fn.domain.printable import printable

ROWS_LIMIT: Final = 100
"""Of each table: a comment at GitHub holds 65,536 characters."""
_TEXT_LIMIT: Final = 2000

_NOTHING: Final = "**Migrations:** nothing is pending."
# What Markdown or HTML would take for its own; a name in code quotes needs no more than its own quotes and bars.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_BLANKS: Final = re.compile(r"\s+")
_MEANINGS: Final = {
    Harm.DATA_LOSS: "data loss",
    Harm.TABLE_REWRITE: "table rewrite",
    Harm.TABLE_SCAN: "table scan",
    Harm.BLOCKS_WRITES: "blocks writes",
    Harm.FAILS_ON_ROWS: "fails on rows",
    Harm.BREAKS_RUNNING_CODE: "breaks running code",
}


def plan_table(outcome: Outcome) -> str:
    """What is pending, what in it is destructive, what is warned of and what went wrong; without times.

    The same plan always gives the same text.
    """
    blocks = [_heading(outcome), *_pending(outcome), *_destructive(outcome), *_told(outcome)]
    return printable("\n\n".join(blocks) + "\n")


def _heading(outcome: Outcome) -> str:
    if outcome.error is not None and not outcome.pending:
        return "### Migrations: no plan"
    if not outcome.pending:
        return _NOTHING
    found = sum(len(migration.destructive or ()) for migration in outcome.pending)
    more = " or more" if outcome.omitted else ""
    return f"### Migrations: {len(outcome.pending)}{more} pending, {found}{more} destructive"


def _pending(outcome: Outcome) -> Iterator[str]:
    if not outcome.pending:
        return
    rows = [
        (_code(migration.name), migration.mode or "not looked at", _statements(migration), _found(migration))
        for migration in outcome.pending
    ]
    yield _table(("Migration", "Mode", "Statements", "Destructive"), rows)


def _statements(migration: PendingMigration) -> str:
    if migration.done is not None:
        return f"{migration.statements or ''} ({migration.done} of {migration.steps} steps done)".strip()
    return "" if migration.statements is None else str(migration.statements)


def _found(migration: PendingMigration) -> str:
    return "" if migration.destructive is None else str(len(migration.destructive))


def _destructive(outcome: Outcome) -> Iterator[str]:
    found = [(migration.name, each) for migration in outcome.pending for each in migration.destructive or ()]
    if not found:
        return
    yield _table(("Migration", "Statement", "What", "Why"), [_row(name, each) for name, each in found])
    yield "Read off the statements alone: an aid, not a guarantee. What a `DO` or a function does is not seen."


def _row(name: str, found: Destructive) -> tuple[str, ...]:
    where = f"{found.statement}, line {found.line}"
    return (
        _code(name),
        where,
        f"{_text(found.operation)} {_code(found.object)}",
        f"**{_MEANINGS[found.kind]}**: {_text(found.message)}",
    )


def _told(outcome: Outcome) -> Iterator[str]:
    for warning in outcome.warnings:
        yield f"> **Warning {_text(warning.code)}:** {_text(warning.message)}"
    if outcome.failed:
        yield "> **Failed:** " + ", ".join(_code(name) for name in outcome.failed[:ROWS_LIMIT])
    if outcome.error is not None:
        yield f"> **Error:** {_text(outcome.error.headline)}"
        if outcome.error.where.excerpt:
            yield _block(outcome.error.where.excerpt)


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [_line(titles), _line("---" for _ in titles), *map(_line, rows[:ROWS_LIMIT])]
    rest = len(rows) - ROWS_LIMIT
    return "\n".join(lines) + (f"\n\n… and {rest} more" if rest > 0 else "")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """A text in one line, nothing in it meant as Markdown, HTML or a mention."""
    escaped = _SPECIAL.sub(r"\\\1", _BLANKS.sub(" ", text).strip()[:_TEXT_LIMIT])
    return escaped.replace("@", "@<!-- -->")  # GitHub looks for mentions in what is shown, past all escapes


def _code(name: str) -> str:
    """A name as it is, in more backticks than stand in it; a bar has to be escaped in a table even so."""
    flat = _BLANKS.sub(" ", name).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _block(text: str) -> str:
    """Lines as they are, in a fence that they do not close."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
