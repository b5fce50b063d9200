"""What kind of statement a statement is, as far as executing migrations depends on it: by its tokens alone.

Patterns are matched against the tokens joined by single spaces, from the first on. What only the server can
know is not answered here: CLUSTER and REINDEX of a partitioned table refuse to run inside a transaction
block, too, and so does a CALL of a procedure that commits.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

from lambda_fn.domain.statements import Statement


class Kind(Enum):
    """The kinds that matter; every value names its kind for people."""

    ORDINARY = "an ordinary statement"
    BEGIN = "BEGIN"
    BEGIN_WITH_MODES = "BEGIN with transaction modes"
    COMMIT = "COMMIT"
    COMMIT_AND_CHAIN = "COMMIT AND CHAIN"
    ROLLBACK = "ROLLBACK"
    SAVEPOINT = "SAVEPOINT, RELEASE or ROLLBACK TO"
    NON_TRANSACTIONAL = "a statement that cannot run inside a transaction block"
    TWO_PHASE = "a two-phase commit command"
    COPY_FROM_STDIN = "COPY … FROM STDIN"
    COPY_TO_STDOUT = "COPY … TO STDOUT"
    DISCARD_ALL = "DISCARD ALL"
    READ_ONLY = "a statement that makes transactions READ ONLY"
    STANDARD_CONFORMING_STRINGS = "a change of standard_conforming_strings"
    CLIENT_ENCODING = "a change of client_encoding"
    META_COMMAND = "a psql meta-command"


TRANSACTION_CONTROL: Final = frozenset(
    {Kind.BEGIN, Kind.BEGIN_WITH_MODES, Kind.COMMIT, Kind.COMMIT_AND_CHAIN, Kind.ROLLBACK}
)
"""What opens or ends a transaction; savepoints do neither."""

REFUSED: Final = frozenset(
    {
        Kind.TWO_PHASE,
        Kind.COPY_FROM_STDIN,
        Kind.COPY_TO_STDOUT,
        Kind.DISCARD_ALL,
        Kind.READ_ONLY,
        Kind.STANDARD_CONFORMING_STRINGS,
        Kind.CLIENT_ENCODING,
        Kind.META_COMMAND,
    }
)
"""What no migration may hold, in a transaction or not."""


def kind_of(statement: Statement) -> Kind:
    """The kind of one statement; anything not recognised is ORDINARY."""
    if statement.tokens[-1] == "\\":
        return Kind.META_COMMAND
    rules = _RULES.get(statement.tokens[0], ())
    text = " ".join(statement.tokens) if rules else ""
    for kind, pattern in rules:
        if pattern.fullmatch(text):
            return kind
    return Kind.NON_TRANSACTIONAL if rules and _options_forbid_block(statement, text) else Kind.ORDINARY


def masks_literals(statement: Statement) -> bool:
    """Whether its string constants can be secrets: passwords, connection strings, options of servers."""
    return _HOLDS_SECRETS.match(" ".join(statement.tokens[:3])) is not None


PART: Final = r'(?:"(?:[^"]|"")*"|[^\s"\'()]+)'
NAME: Final = rf"{PART}(?: \. {PART})*"

_HOLDS_SECRETS: Final = re.compile(r"(?:CREATE|ALTER) (?:ROLE|USER|GROUP|SERVER|SUBSCRIPTION) ")

_HARMLESS_MODES: Final = r"(?:(?: ,)? (?:READ WRITE|ISOLATION LEVEL READ COMMITTED))*"
_WORK: Final = r"(?: WORK| TRANSACTION)?"
_SET: Final = r"SET (?:(?:SESSION|LOCAL) )?"
_TO: Final = r" (?:=|TO) "

# Settings are matched whatever their case and quotes, as the server does; a value is let through only where
# it surely is the harmless one. Booleans may be cut short while they are unique: parse_bool() in bool.c.
_FALSE: Final = r"""DEFAULT|(?i:(['"]?)(?:off?|f|fa|fal|fals|false|no?|0)\1)"""
_TRUE: Final = r"""DEFAULT|(?i:(['"]?)(?:on|t|tr|tru|true|y|ye|yes|1)\1)"""
_UTF8: Final = r"""DEFAULT|(?i:(['"]?)(?:utf[-_]?8|unicode)\1)"""

_Rules = tuple[tuple[Kind, re.Pattern[str]], ...]


def _rules(*rules: tuple[Kind, str]) -> _Rules:
    return tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in rules)


_BEGIN: Final = _rules(
    (Kind.READ_ONLY, r".* READ ONLY(?: .*)?"),
    (Kind.BEGIN, rf"(?:BEGIN{_WORK}|START TRANSACTION){_HARMLESS_MODES}"),
    (Kind.BEGIN_WITH_MODES, r".*"),
)
_COMMIT: Final = _rules(
    (Kind.TWO_PHASE, r"COMMIT PREPARED .*"),
    (Kind.COMMIT_AND_CHAIN, rf"(?:COMMIT|END){_WORK} AND CHAIN"),
    (Kind.COMMIT, r".*"),
)
_ROLLBACK: Final = _rules(
    (Kind.TWO_PHASE, r"ROLLBACK PREPARED .*"),
    (Kind.SAVEPOINT, rf"ROLLBACK{_WORK} TO .*"),
    (Kind.ROLLBACK, r".*"),
)
_SAVEPOINT: Final = _rules((Kind.SAVEPOINT, r".*"))

# The first match decides; a statement whose first word is not here is an ordinary one.
_RULES: Final[dict[str, _Rules]] = {
    "BEGIN": _BEGIN,
    "START": _BEGIN,
    "COMMIT": _COMMIT,
    "END": _COMMIT,
    "ROLLBACK": _ROLLBACK,
    "ABORT": _ROLLBACK,
    "SAVEPOINT": _SAVEPOINT,
    "RELEASE": _SAVEPOINT,
    "PREPARE": _rules((Kind.TWO_PHASE, r"PREPARE TRANSACTION '.*")),
    "DISCARD": _rules((Kind.DISCARD_ALL, r"DISCARD ALL")),
    "COPY": _rules(
        # The server takes STDOUT for STDIN and the other way round.
        (Kind.COPY_FROM_STDIN, rf"COPY (?:BINARY )?{NAME}(?: \(\))? FROM (?:STDIN|STDOUT)(?: .*)?"),
        (Kind.COPY_TO_STDOUT, rf"COPY (?:BINARY )?(?:\(\)|{NAME}(?: \(\))?) TO (?:STDIN|STDOUT)(?: .*)?"),
    ),
    "SET": _rules(
        (
            Kind.READ_ONLY,
            rf"{_SET}(?:SESSION CHARACTERISTICS AS )?TRANSACTION (?:[^']* )?READ ONLY(?: .*)?"
            rf'|{_SET}"?(?i:default_transaction_read_only|transaction_read_only)"?{_TO}(?!(?:{_FALSE})\Z).*',
        ),
        (
            Kind.STANDARD_CONFORMING_STRINGS,
            rf'{_SET}"?(?i:standard_conforming_strings)"?{_TO}(?!(?:{_TRUE})\Z).*',
        ),
        (
            Kind.CLIENT_ENCODING,
            rf'{_SET}(?:"?(?i:client_encoding)"?{_TO}|NAMES )(?!(?:{_UTF8})\Z).*',
        ),
    ),
    "VACUUM": _rules((Kind.NON_TRANSACTIONAL, r".*")),
    "CLUSTER": _rules((Kind.NON_TRANSACTIONAL, r"CLUSTER(?: \(\)| VERBOSE)?")),
    "REINDEX": _rules(
        (
            Kind.NON_TRANSACTIONAL,
            r"REINDEX(?: \(\))? (?:(?:DATABASE|SYSTEM|SCHEMA)(?: .*)?|(?:TABLE|INDEX) CONCURRENTLY .*)",
        )
    ),
    "CREATE": _rules((Kind.NON_TRANSACTIONAL, r"CREATE (?:(?:UNIQUE )?INDEX CONCURRENTLY|DATABASE|TABLESPACE) .*")),
    "DROP": _rules((Kind.NON_TRANSACTIONAL, r"DROP (?:INDEX CONCURRENTLY|DATABASE|TABLESPACE|SUBSCRIPTION) .*")),
    "ALTER": _rules(
        (
            Kind.NON_TRANSACTIONAL,
            rf"ALTER SYSTEM .*|ALTER DATABASE {PART} SET TABLESPACE {PART}"
            rf"|ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{NAME}(?: \*)? DETACH PARTITION {NAME} CONCURRENTLY"
            rf"|ALTER SUBSCRIPTION {PART} REFRESH .*",
        )
    ),
}


def _options_forbid_block(statement: Statement, text: str) -> bool:
    """Whether the statement's parenthesised options, or their absence, keep it out of a transaction block."""
    settings = _settings(statement.options)
    return any(forbid(settings) for pattern, forbid in _BY_OPTIONS if pattern.match(text))


_Settings = dict[str, bool]
_BY_OPTIONS: Final[tuple[tuple[re.Pattern[str], Callable[[_Settings], bool]], ...]] = (
    (re.compile(r"REINDEX \(\) "), lambda on: on.get("concurrently", False)),
    # Without connecting, or told so, the publisher gets no slot: creating one cannot be rolled back.
    (re.compile(r"CREATE SUBSCRIPTION "), lambda on: on.get("connect", True) and on.get("create_slot", True)),
    (
        re.compile(rf"ALTER SUBSCRIPTION {PART} (?:SET|ADD|DROP) PUBLICATION "),
        lambda on: on.get("refresh", True),
    ),
    (
        re.compile(rf"ALTER SUBSCRIPTION {PART} SET \(\)"),
        lambda on: "failover" in on or not on.get("two_phase", True),
    ),
)


def _settings(options: tuple[str, ...]) -> _Settings:
    """The options by name: `(verbose, connect = false)` and `(CONCURRENTLY off)` alike; later ones win."""
    settings: _Settings = {}
    rest = list(options)
    while rest:
        end = rest.index(",") if "," in rest else len(rest)
        name, value = (rest[0], rest[end - 1] if end > 1 else "true")
        settings[_bare(name)] = _bare(value) not in {"false", "off", "0"}
        del rest[: end + 1]
    return settings


def _bare(token: str) -> str:
    return token.strip("'\"").lower()
