"""Scenarios put together by chance: a few migrations of mixed kinds, some of them slow."""

import random
from collections.abc import Callable

from tests.faults.scenarios import BASE, STEPWISE, File, Scenario, count

MIXTURES = 12
_PAUSE = "SELECT pg_sleep({seconds});"

Steps = tuple[str, ...]
Maker = Callable[[str, int], Steps]


def _atomic(file: str, number: int) -> Steps:
    return (f"CREATE TABLE t{number} (id int PRIMARY KEY);\nINSERT INTO t{number} SELECT id FROM item;\n{count(file)}",)


def _slow(file: str, number: int) -> Steps:
    pause = _PAUSE.format(seconds=0.05)
    return (f"{count(file)}\n{pause}\nALTER TABLE item ADD COLUMN c{number} int;\n{pause}\n{count(file, 2)}",)


def _alter(file: str, number: int) -> Steps:
    return (f"ALTER TABLE item ADD COLUMN c{number} int NOT NULL DEFAULT {number};\n{count(file)}",)


def _session_state(file: str, number: int) -> Steps:
    """What stays in a session behind a rollback or a commit: a second try has to begin without it."""
    return (
        f"PREPARE p{number} AS SELECT 1;\nSET search_path = public, pg_catalog;\n"
        f"CREATE TEMP TABLE t{number} (id int);\nINSERT INTO t{number} VALUES (1);\n"
        f"ALTER TABLE item ADD COLUMN c{number} int;\n{count(file)}",
    )


def _own_transaction(file: str, number: int) -> Steps:
    return (f"BEGIN;\nCREATE TABLE t{number} (id int);\n{count(file)}\nCOMMIT;",)


def _large(file: str, number: int) -> Steps:
    """Above 1 MiB it goes in several messages."""
    rows = "\n".join(f"INSERT INTO t{number} VALUES ('{'x' * 4000}');" for _ in range(300))
    return (f"CREATE TABLE t{number} (t text);\n{rows}\n{count(file)}",)


def _index(_: str, number: int) -> Steps:
    return (f"CREATE INDEX CONCURRENTLY i{number} ON item (note, id);",)


def _mix(file: str, number: int) -> Steps:
    return (
        count(file),
        f"CREATE INDEX CONCURRENTLY i{number} ON item (kind, note);",
        f"ALTER TABLE item ADD COLUMN c{number} int;",
        f"BEGIN;\nUPDATE item SET c{number} = {number};\n{count(file, 2)}\nCOMMIT;",
        f"DROP INDEX CONCURRENTLY i{number};",
        count(file, 3),
    )


def _enum(file: str, number: int) -> Steps:
    return (f"ALTER TYPE kind ADD VALUE 'k{number}';", f"UPDATE item SET kind = 'k{number}' WHERE id = 1;", count(file))


def _increments(file: str, _: int) -> Steps:
    pause = _PAUSE.format(seconds=0.02)
    return ("UPDATE counter SET n = n + 1;", pause, "UPDATE counter SET n = n * 2;", count(file))


_IN_ONE: tuple[tuple[Maker, str], ...] = tuple(
    (maker, "") for maker in (_atomic, _slow, _alter, _session_state, _own_transaction)
)
_IN_STEPS: tuple[tuple[Maker, str], ...] = ((_index, ""), (_mix, ""), (_enum, ""), (_increments, STEPWISE))


def mixture(number: int) -> Scenario:
    """The scenario of a number; one in six has a script of more than 1 MiB."""
    chance = random.Random(number)
    kinds = [chance.choice(_IN_ONE), chance.choice(_IN_STEPS)]
    kinds += chance.choices(_IN_ONE + _IN_STEPS, k=chance.randint(0, 2))
    chance.shuffle(kinds)
    if number % 6 == 0:
        kinds[0] = (_large, "")
    files = []
    for position, (maker, directive) in enumerate(kinds, start=2):
        name = f"202401{position:02}000000_{maker.__name__.strip('_')}"
        files.append(File(name, maker(name, position), directive))
    return Scenario(f"mixture_{number}", tuple(files), (BASE,))
