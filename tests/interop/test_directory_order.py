"""In which order each applies a directory; where the two differ, ours warns.

Prisma's CLI hands the names over sorted by localeCompare, and its engine takes them as they come. Engines until 6.6
sorted the bytes of the names, as ours does.
"""

import json
import random
import subprocess
from collections.abc import Collection, Sequence
from itertools import combinations

import pytest

from lambda_fn.domain.history import History, MigrationRecord
from lambda_fn.domain.migration import Migration, sort_key
from lambda_fn.domain.plan import Plan, make_plan
from tests.fixtures.prisma import Prisma, skip_without_prisma
from tests.fixtures.prisma_engine import LiveEngine
from tests.fixtures.projects import Project

# In the order of localeCompare.
MIXED = (
    "_last",
    ".hidden",
    "0_init",
    "00_before",
    "1_x",
    "10_x",
    "20240101000000_a_b",
    "20240101000000_a-c",
    "20240101000000_ab",
    "20240101000000_B",
    "20240101000000_é",
    "20240101000000_Z",
    "20240102000000-with-dash",
    "20240103000000CamelCase",
    "20240104000000_Ü",
    "9_x",
    "größe",
    "grün",
    "init",
    "users",
    "Users",
)
SAME_TIME = {name for name in MIXED if name.startswith("20240101000000")}
# Names, and which of them ours warns of while all are pending.
DIRECTORIES: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "as Prisma makes them": (("20230101000000_init", "20230102000000_add_users", "20230103000000_add_roles"), set()),
    "of one time each": (("0_init", "20240102000000-dash", "20240103000000Camel", "20240104000000_Ü"), set()),
    "of one time": (tuple(SAME_TIME), SAME_TIME),
    "numbers of one length": (("V001__init", "V002__users", "V010__roles"), set()),
    "numbers that grow": (("1_a", "2_b", "9_c", "10_d", "11_e"), {"1_a", "10_d", "11_e"}),
    "a baseline's twin": (("0_init", "00_before", "20240101000000_a"), {"0_init", "00_before"}),
    "words": (("init", "Roles", "users", "_last", ".hidden"), {"init", "Roles", "_last", ".hidden"}),
    "words in upper case too": (("roles", "Roles", "users", "Users"), {"roles", "Roles", "users", "Users"}),
    "words with accents": (("größe", "grün", "grund"), {"größe", "grün", "grund"}),
    "all of these": (MIXED, set(MIXED)),
}
TIMES = ("20240101000000", "20240101000001", "2024010100000", "2024", "0", "1", "9", "10", "001", "V1", "v1", "")
WORDS = ("init", "users", "Users", "addUsers", "v2", "9", "10", "01", "x", "X", "UP", "a.b", "ab", "a-b", "_")
LETTERS = ("größe", "café", "cafe", "cafè", "naïve", "ß", "ø", "日本", "имя", "🚀")
JOINTS = ("_", "-", "", "__", ".")
GROUPS = 500
SORT = "g.sort((a, b) => a.localeCompare(b))"


def by_bytes(names: Collection[str]) -> list[str]:
    return sorted(names, key=sort_key)


def by_locale(*groups: Collection[str]) -> list[list[str]]:
    """Each group as the CLI sorts it. Names that are equal to it come against our order."""
    program = f"console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0)).map((g) => {SORT})))"
    given = json.dumps([by_bytes(group)[::-1] for group in groups])
    sort = subprocess.run(["node", "-e", program], input=given, capture_output=True, text=True, check=True)
    return [list(group) for group in json.loads(sort.stdout)]


def in_question(theirs: Sequence[str], pending: Collection[str]) -> set[str]:
    """Every two names that come in another order by bytes, where one of the two is pending."""
    pairs = [(one, other) for one, other in combinations(theirs, 2) if sort_key(one) > sort_key(other)]
    return {name for pair in pairs if not set(pair).isdisjoint(pending) for name in pair}


def warned(plan: Plan) -> set[str]:
    return {name for warning in plan.warnings if warning.code in ("M512", "M515") for name in warning.migrations}


def applied(project: Project) -> list[str]:
    return [row["migration_name"] for row in project.rows()]


def write(project: Project, names: Collection[str]) -> None:
    for name in names:
        project.write(name, "SELECT 1;")


@pytest.mark.parametrize("version", ["prisma", "prisma6"])
def test_the_cli_applies_a_directory_in_the_order_of_a_dictionary(
    one_project: Project, request: pytest.FixtureRequest, version: str
) -> None:
    prisma: Prisma = request.getfixturevalue(version)
    write(one_project, MIXED)

    deployed = prisma.deploy(one_project.url, one_project.directory)

    assert deployed.exit_code == 0, deployed.text
    assert applied(one_project) == list(MIXED)


@pytest.mark.parametrize(("names", "doubtful"), DIRECTORIES.values(), ids=DIRECTORIES)
def test_ours_goes_by_bytes_as_old_engines_and_warns_exactly_where_prisma_goes_otherwise(
    one_project: Project, prisma_engine: LiveEngine, names: tuple[str, ...], doubtful: set[str]
) -> None:
    write(one_project, names)
    [theirs] = by_locale(names)

    planned = one_project.run("plan").warnings
    assert {name for warning in planned for name in warning.migrations} == doubtful
    assert in_question(theirs, names) <= doubtful
    assert (theirs == by_bytes(names)) or doubtful

    assert [migration.name for migration in one_project.run().applied] == by_bytes(names)
    assert applied(one_project) == by_bytes(names)
    one_project.query("DROP TABLE _prisma_migrations")
    assert list(prisma_engine.deploy(one_project.url, one_project.directory)) == theirs
    assert one_project.run("plan").warnings == (), "what is applied is not warned of"


def plan_of(names: Collection[str], pending: Collection[str]) -> Plan:
    migrations = tuple(Migration(name, b"") for name in by_bytes(names))
    checksum = migrations[0].checksum
    rows = (MigrationRecord(name, name, checksum, finished=True, rolled_back=False) for name in names)
    return make_plan(migrations, History(exists=True, records=tuple(row for row in rows if row.name not in pending)))


def random_group(chance: random.Random, words: Sequence[str]) -> list[str]:
    def name() -> str:
        behind = "_".join(chance.choices(words, k=chance.randint(0, 2)))
        return chance.choice(TIMES) + chance.choice(JOINTS) + behind

    return sorted({name() for _ in range(10)} - {"", "."})


def sharing_a_time(names: Collection[str], pending: Collection[str]) -> set[str]:
    """Of whose order M512 warns whatever it is."""
    times = {name: name[:14] for name in names if name[:14].isdigit() and len(name) >= 14}
    wanted = {times[name] for name in pending if name in times}
    return {name for name, time in times.items() if time in wanted and list(times.values()).count(time) > 1}


@pytest.mark.parametrize(("words", "false_alarms"), [(WORDS, 0.0), (WORDS + LETTERS, 0.05)], ids=["ASCII", "any"])
def test_of_five_thousand_names_none_is_applied_in_another_order_without_a_warning(
    words: tuple[str, ...], false_alarms: float
) -> None:
    """In groups, of each of which some are pending. A false alarm is one of a name in no such pair."""
    skip_without_prisma()
    chance = random.Random(20240101)
    groups = [random_group(chance, words) for _ in range(GROUPS)]
    false, doubtful, silent = 0, 0, 0
    for names, theirs in zip(groups, by_locale(*groups), strict=True):
        pending = set(chance.sample(names, chance.randint(1, len(names))))
        real, told = in_question(theirs, pending), warned(plan_of(names, pending))
        assert real <= told, f"{by_bytes(names)}, of which {pending} are pending: {theirs}"
        false += len(told - real - sharing_a_time(names, pending))
        doubtful += len(real)
        silent += not told
    assert doubtful > GROUPS, "hardly any pair was in question"
    assert silent > 10, "nearly every group was warned of"
    assert false <= false_alarms * sum(map(len, groups))
