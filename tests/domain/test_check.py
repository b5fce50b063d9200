"""A line of doctor's answer: what it says, in words and in JSON."""

import pytest

from lambda_fn.domain.check import Check, CheckName, Doubt, NotLookedAt, Result, Told, check_of
from lambda_fn.domain.check_event import Checked
from lambda_fn.domain.event import Level
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action
from lambda_fn.errors import MigrateError, SettingsInvalid
from tests.fixtures.projects import OUTCOME_SCHEMA, check_outcome

ERROR = SettingsInvalid("M322", "Nothing\nlistens.", "Start it.", lines=("A login by IAM", "needs a grant."))

CHECKS: tuple[tuple[Told | MigrateError, Check, str, Level], ...] = (
    (
        "db.internal is 10.0.1.7",
        Check(CheckName.DNS, Result.PASSED, "db.internal is 10.0.1.7"),
        "passed dns: db.internal is 10.0.1.7",
        Level.INFO,
    ),
    (
        Doubt("It is weak.", "Remove sslmode."),
        Check(CheckName.DNS, Result.UNKNOWN, "It is weak.", "Remove sslmode."),
        "unknown dns: It is weak. What to do: Remove sslmode.",
        Level.WARNING,
    ),
    (
        NotLookedAt((CheckName.SECRET, CheckName.OWNER_ROLE)),
        Check(CheckName.DNS, Result.UNKNOWN, "not looked at: needs secret, ownerRole"),
        "unknown dns: not looked at: needs secret, ownerRole",
        Level.WARNING,
    ),
    (
        ERROR,
        Check(CheckName.DNS, Result.FAILED, "Nothing listens.", "Start it. A login by IAM needs a grant.", ERROR),
        "failed dns: M322 Nothing listens. What to do: Start it. A login by IAM needs a grant.",
        Level.ERROR,
    ),
)
each_kind = pytest.mark.parametrize(("finding", "check", "sentence", "level"), CHECKS, ids=lambda value: None)


@each_kind
def test_a_finding_makes_a_check_and_one_sentence(
    finding: Told | MigrateError, check: Check, sentence: str, level: Level
) -> None:
    made = check_of(CheckName.DNS, finding)

    assert made == check
    assert made.error is check.error
    [told] = Checked(made).sentences
    assert (told.text, told.level) == (sentence, level)


def test_in_json_a_check_has_its_code_and_what_to_do_where_there_is_something() -> None:
    checks = tuple(check for _, check, _, _ in CHECKS)
    outcome = to_json(Outcome(Action.DOCTOR, Status.FAILED, "r", 0, checks=checks))

    check_outcome(outcome)
    assert outcome["checks"] == [
        {
            "name": "dns",
            "result": "passed",
            "message": "db.internal is 10.0.1.7",
            "nextStep": None,
            "class": None,
            "code": None,
        },
        {
            "name": "dns",
            "result": "unknown",
            "message": "It is weak.",
            "nextStep": "Remove sslmode.",
            "class": None,
            "code": None,
        },
        {
            "name": "dns",
            "result": "unknown",
            "message": "not looked at: needs secret, ownerRole",
            "nextStep": None,
            "class": None,
            "code": None,
        },
        {
            "name": "dns",
            "result": "failed",
            "message": "Nothing listens.",
            "nextStep": "Start it. A login by IAM needs a grant.",
            "class": "SettingsInvalid",
            "code": "M322",
        },
    ]


def test_the_schema_knows_the_checks_and_results_there_are_in_their_order() -> None:
    properties = OUTCOME_SCHEMA["properties"]["checks"]["items"]["properties"]

    assert properties["name"]["enum"] == [name.value for name in CheckName]
    assert properties["result"]["enum"] == [result.value for result in Result]


def test_the_names_are_public() -> None:
    assert [name.value for name in CheckName] == [
        *("directory", "secret", "dns", "port", "tls", "login", "serverVersion", "writer", "pooler", "clock"),
        *("ownerRole", "rights", "rowSecurity", "history", "lock", "codeDeploy"),
    ]
