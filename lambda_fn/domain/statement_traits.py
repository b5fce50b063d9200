"""What matters of an ordinary statement to a file that is run step by step, by its tokens alone.

Patterns are matched as in statement_kinds: against the tokens joined by single spaces, from the first on.
"""

import re
from typing import Final

from lambda_fn.domain.statement_kinds import NAME, PART
from lambda_fn.domain.statements import Statement


def adds_enum_value(statement: Statement) -> bool:
    """Whether it adds a value to an enum, which nothing can use before it is committed (SQLSTATE 55P04)."""
    return _matches(_ADDS_ENUM_VALUE, statement)


def calls_routine(statement: Statement) -> bool:
    """Whether it runs code that may commit by itself, which fails inside a transaction (SQLSTATE 2D000)."""
    return statement.tokens[0] in ("CALL", "DO")


def may_refuse_transaction(statement: Statement) -> bool:
    """Whether it fails inside a transaction (SQLSTATE 25001) where its table or index is partitioned."""
    return _matches(_MAY_REFUSE_TRANSACTION, statement)


def sets_session_state(statement: Statement) -> bool:
    """Whether all that it does is to change the session for the statements behind it."""
    return _matches(_SETS_SESSION_STATE, statement)


def lasts_for_transaction(statement: Statement) -> bool:
    """Whether all that it does is for the statements behind it in the same transaction."""
    return _matches(_LASTS_FOR_TRANSACTION, statement)


def makes_temporary(statement: Statement) -> bool:
    """Whether it makes a temporary table, view, sequence or function, which is gone with its session."""
    return _matches(_MAKES_TEMPORARY, statement) or _selects_into_temporary(statement.tokens)


_TEMPORARY: Final = r"(?:(?:GLOBAL|LOCAL) )?TEMP(?:ORARY)?"

_Patterns = dict[str, re.Pattern[str]]


def _patterns(**patterns: str) -> _Patterns:
    """By the first word, so that most statements cost no more than a look into a dictionary."""
    return {word: re.compile(pattern, re.DOTALL) for word, pattern in patterns.items()}


def _matches(patterns: _Patterns, statement: Statement) -> bool:
    pattern = patterns.get(statement.tokens[0])
    return pattern is not None and pattern.fullmatch(" ".join(statement.tokens)) is not None


_ADDS_ENUM_VALUE: Final = _patterns(ALTER=rf"ALTER TYPE {NAME} ADD VALUE .*")

_MAY_REFUSE_TRANSACTION: Final = _patterns(
    # The second form is that of before 8.3, which the server still takes.
    CLUSTER=rf"CLUSTER(?: \(\)| VERBOSE)? (?:{NAME}(?: USING {PART})?|{PART} ON {NAME})",
    REINDEX=rf"REINDEX(?: \(\))? (?:TABLE|INDEX) {NAME}",
)

_SETS_SESSION_STATE: Final = _patterns(
    # `local.x` is a setting of somebody's own.
    SET=r"SET (?!(?:LOCAL|TRANSACTION|CONSTRAINTS) (?!\. )|SESSION CHARACTERISTICS ).*",
    RESET=r"RESET .*",
    # What PREPARE and DEALLOCATE name lasts as long as the session. PREPARE TRANSACTION is refused before.
    PREPARE=r"PREPARE .*",
    DEALLOCATE=r"DEALLOCATE .*",
    LOAD=r"LOAD .*",
    # pg_dump writes this one.
    SELECT=r"SELECT (?:PG_CATALOG \. )?SET_CONFIG \(\)",
)

_LASTS_FOR_TRANSACTION: Final = _patterns(
    SET=r"SET (?:LOCAL|CONSTRAINTS) (?!\. ).*",
    LOCK=r"LOCK .*",
    SAVEPOINT=r"SAVEPOINT .*",
    DECLARE=r"DECLARE .*",
)

_MAKES_TEMPORARY: Final = _patterns(
    CREATE=(
        rf"CREATE (?:OR REPLACE )?(?:{_TEMPORARY} .*"
        # TABLE, FUNCTION, TYPE and their like.
        r'|(?:[A-Z]+ ){1,2}(?:IF NOT EXISTS )?(?:PG_TEMP|"pg_temp") \. .*)'
    ),
)


def _selects_into_temporary(tokens: tuple[str, ...]) -> bool:
    """By the tokens, for a string constant may hold the same words."""
    if tokens[0] not in ("SELECT", "WITH"):
        return False
    behind = (tokens[place + 1 : place + 3] for place, word in enumerate(tokens) if word == "INTO")
    return any(_INTO_TEMPORARY.match(" ".join(words)) for words in behind)


_INTO_TEMPORARY: Final = re.compile(rf'(?:{_TEMPORARY}|(?:PG_TEMP|"pg_temp") \.)(?: |\Z)')
