"""Requests: every key of every action, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.domain.row import RowState
from lambda_fn.errors import RequestInvalid

NAME = "20240101000000_a"
_Keys = dict[str, tuple[object, dict[str, Any]]]
COMMON: _Keys = {
    "schema": ("app", {"schema": "app"}),
    "ownerRole": ("app_owner", {"owner_role": "app_owner"}),
    "strict": (True, {"strict": True}),
    "lockWaitS": (60, {"lock_wait_s": 60.0}),
    "secretId": ("shop/database", {"secret_id": "shop/database"}),
    "dbname": ("shop", {"dbname": "shop"}),
}
TO: _Keys = {"to": (NAME, {"to": NAME})}
KEYS: dict[Action, _Keys] = {
    Action.DEPLOY: {**COMMON, **TO},
    Action.STATUS: {**COMMON, **TO},
    Action.PLAN: {**COMMON, **TO},
    Action.VERIFY: {**COMMON, **TO, "requires": (NAME, {"requires": NAME})},
    Action.RESOLVE: {
        **COMMON,
        "applied": ([NAME], {"applied": (NAME,)}),
        "rolledBack": ([NAME], {"rolled_back": (NAME,)}),
    },
    Action.DOCTOR: COMMON,
    Action.BASELINE: {**COMMON, **TO},
    Action.HISTORY: {
        **COMMON,
        "state": ("halfDone", {"state": RowState.HALF_DONE}),
        "name": ("add_users", {"name_part": "add_users"}),
        "limit": (20, {"limit": 20}),
    },
}
EVERY_KEY = {key: value for keys in KEYS.values() for key, (value, _) in keys.items()}
PLAIN = ["deploy", "status", "plan", "verify", "doctor", "baseline", "history"]


def refusal(event: object) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as refused:
        parse_request(event)
    return refused.value


@pytest.mark.parametrize("event", [None, {}, {"action": "deploy"}])
def test_nothing_at_all_deploys(event: object) -> None:
    assert parse_request(event) == Request()
    assert Request().action is Action.DEPLOY


@pytest.mark.parametrize("action", PLAIN)
def test_an_action_needs_no_other_key(action: str) -> None:
    assert parse_request({"action": action}) == Request(Action(action))


@pytest.mark.parametrize(("action", "key"), [(action, key) for action, keys in KEYS.items() for key in keys])
def test_every_key_of_every_action_is_read(action: Action, key: str) -> None:
    value, expected = KEYS[action][key]
    if action is Action.RESOLVE and key in COMMON:
        event, expected = {"applied": NAME, key: value}, {**expected, "applied": (NAME,)}
    else:
        event = {key: value}

    assert parse_request({"action": action.value, **event}) == Request(action, **expected)


@pytest.mark.parametrize("action", Action)
def test_keys_of_other_actions_are_unknown_and_the_known_ones_are_listed(action: Action) -> None:
    for key in {*EVERY_KEY, "reset", "Action", "lockwaits", ""} - set(KEYS[action]):
        error = refusal({"action": action.value, key: EVERY_KEY.get(key, "x")})
        assert error.code == "M103"
        assert f"The action {action.value} does not know" in error.problem
        assert key in error.problem
        assert all(known in error.next_step for known in ("action", *KEYS[action]))


def test_all_unknown_keys_are_told_at_once() -> None:
    assert "b, z" in refusal({"z": 1, "b": 2, "to": NAME}).problem


@pytest.mark.parametrize("action", ["Deploy", "reset", "", " deploy", 1, True, ["deploy"], {}, 1.5])
def test_an_unknown_action_lists_the_known_ones(action: object) -> None:
    error = refusal({"action": action})

    assert error.code == "M102"
    assert error.next_step == (
        "Use one of these actions: deploy, status, plan, verify, resolve, doctor, baseline, history."
    )


@pytest.mark.parametrize("action", [None, True, {"a": [None]}])
def test_an_unknown_action_is_shown_as_the_json_that_was_sent(action: object) -> None:
    assert json.dumps(action) in refusal({"action": action}).problem


@pytest.mark.parametrize("event", ["deploy", "", 0, 1, 1.5, True, False, [], [{}], ["deploy"]])
def test_anything_but_an_object_is_m101(event: object) -> None:
    assert refusal(event).code == "M101"


@pytest.mark.parametrize(
    ("event", "kind"), [("deploy", "string"), (1, "number"), (1.5, "number"), (True, "boolean"), ([], "array")]
)
def test_an_event_of_another_kind_is_told_in_the_words_of_json(event: object, kind: str) -> None:
    assert f" {kind}, not a JSON object" in refusal(event).problem


NAMES = ("to", "schema", "ownerRole", "requires")
NO_NAMES: tuple[object, ...] = ("", " ", "\t\n", "a\0b", 1, True, 1.5, [NAME], {}, [])


@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("value", NO_NAMES)
def test_a_name_is_a_string_with_something_in_it(key: str, value: object) -> None:
    error = refusal({"action": "verify", key: value})

    assert (error.code, error.problem) == ("M104", f"{key} is not a non-empty string.")


@pytest.mark.parametrize("key", NAMES)
def test_a_name_that_no_database_can_store_is_refused(key: str) -> None:
    """JSON can spell half of a surrogate pair, which is no character."""
    assert refusal({"action": "verify", key: json.loads('"a\\ud800"')}).code == "M104"


BLANKS = (" app", "app ", "app\n", "\tapp", "\u00a0app")


@pytest.mark.parametrize("key", [*NAMES, "secretId", "dbname"])
@pytest.mark.parametrize("value", BLANKS)
def test_blanks_round_a_name_are_refused_and_told(key: str, value: str) -> None:
    """A folded scalar of YAML ends with a line break: it would make another schema."""
    error = refusal({"action": "verify", key: value})

    assert (error.code, error.problem) == ("M104", f"{key} is not a name without blanks or line breaks round it.")


@pytest.mark.parametrize("value", BLANKS)
def test_blanks_round_a_name_to_resolve_are_refused(value: str) -> None:
    for names in (value, [NAME, value]):
        assert "blanks or line breaks" in refusal({"action": "resolve", "applied": names}).problem


@pytest.mark.parametrize("name", ["a b", "my app", "ä", "a\u00a0b"])
def test_a_blank_inside_a_name_belongs_to_it(name: str) -> None:
    assert parse_request({"schema": name}).schema == name


LOGIN = "postgresql://app:hunter2@db.internal:5432/shop"
SECRET = '{"username": "app", "password": "hunter2"}'
NO_SECRET_IDS = (
    *(SECRET, SECRET.replace(" ", ""), "{{resolve:secretsmanager:hunter2}}", LOGIN, '"hunter2"', "'hunter2'"),
    *("hunter2 x", "hunter2\nx", "app:hunter2", "hunter2&x", "x" * 3000),
)


@pytest.mark.parametrize("value", NO_SECRET_IDS)
def test_a_secret_in_the_place_of_its_id_is_refused_and_not_repeated(value: str) -> None:
    error = refusal({"secretId": value})

    assert (error.code, "hunter2" in error.text) == ("M104", False)
    assert error.problem.startswith("secretId is not the name or the ARN of a secret")


@pytest.mark.parametrize(
    "value",
    [
        *("shop/database", "a+b=c.d@e-f_1", "rds!db-1b2c", "x" * 512),
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/database-AbCdEf",
        "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:rds!db-1-x",
    ],
)
def test_a_secret_is_named_by_its_name_or_arn(value: str) -> None:
    assert parse_request({"secretId": value}).secret_id == value


@pytest.mark.parametrize("value", [LOGIN, "hunter2\nx", "hunter2\rx"])
def test_a_database_that_is_none_is_refused_and_not_repeated(value: str) -> None:
    error = refusal({"dbname": value})

    assert (error.code, "hunter2" in error.text) == ("M104", False)
    assert error.problem.startswith("dbname is not the name of a database by itself")


@pytest.mark.parametrize("value", ["truee", "on", "", 1, 0, 1.0, 2, [], {}, "2"])
def test_a_flag_is_true_or_false(value: object) -> None:
    error = refusal({"strict": value})

    assert (error.code, error.problem) == ("M104", "strict is not true or false.")


@pytest.mark.parametrize(
    "value",
    [
        *("soon", "", -1, "-1", True, False, [], {}, "nan", "inf", float("inf"), float("nan"), "1e400"),
        pytest.param(10**400, id="beyond any float"),
    ],
)
def test_a_number_of_seconds_is_finite_and_not_negative(value: object) -> None:
    error = refusal({"lockWaitS": value})

    assert (error.code, error.problem) == ("M104", "lockWaitS is not a number of seconds, 0 or more.")


@pytest.mark.parametrize(
    "value",
    [*("many", "", "-1", "1.5", "0", "1e3", "\u0661", "9" * 10, "9" * 5000), *(0, -1, 1.5, True, [], {}), 10**400],
    ids=lambda value: str(value)[:10] if not isinstance(value, int) else None,
)
def test_a_number_of_rows_is_whole_and_above_nothing(value: object) -> None:
    error = refusal({"action": "history", "limit": value})

    assert (error.code, error.problem) == ("M104", "limit is not a whole number, 1 or more.")


@pytest.mark.parametrize("value", ["Applied", "half done", "", "running", 1, True, [], {}])
def test_a_state_of_rows_is_one_of_four_words(value: object) -> None:
    error = refusal({"action": "history", "state": value})

    assert (error.code, error.problem) == ("M104", "state is not one of applied, failed, rolledBack, halfDone.")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"action": "history", "limit": "20"}, Request(Action.HISTORY, limit=20)),
        ({"strict": "true"}, Request(strict=True)),
        ({"strict": "false"}, Request(strict=False)),
        ({"strict": "TRUE"}, Request(strict=True)),
        ({"strict": "yes"}, Request(strict=True)),
        ({"strict": "1"}, Request(strict=True)),
        ({"strict": "No"}, Request(strict=False)),
        ({"strict": "0"}, Request(strict=False)),
        ({"lockWaitS": "60"}, Request(lock_wait_s=60.0)),
        ({"lockWaitS": "0.5"}, Request(lock_wait_s=0.5)),
        ({"lockWaitS": 0}, Request(lock_wait_s=0.0)),
        ({"action": "resolve", "applied": NAME}, Request(Action.RESOLVE, applied=(NAME,))),
        ({"action": "resolve", "rolledBack": NAME}, Request(Action.RESOLVE, rolled_back=(NAME,))),
    ],
)
def test_strings_stand_for_other_values_because_cloudformation_sends_nothing_else(
    event: dict[str, object], expected: Request
) -> None:
    assert parse_request(event) == expected


@pytest.mark.parametrize("key", sorted({*EVERY_KEY} - {"applied", "rolledBack"}))
def test_null_is_as_if_the_key_was_not_there(key: str) -> None:
    action = next(action for action, keys in KEYS.items() if key in keys)

    assert parse_request({"action": action, key: None}) == Request(Action(action))


def test_names_to_resolve_keep_their_order_and_count_once() -> None:
    request = parse_request({"action": "resolve", "applied": ["b", "a", "b"]})

    assert request.applied == ("b", "a")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"applied": [NAME], "rolledBack": [NAME]},
        {"applied": [], "rolledBack": []},
        {"applied": []},
        {"applied": None},
        {"rolledBack": None, "applied": []},
    ],
)
def test_resolve_goes_one_way(options: dict[str, object]) -> None:
    assert refusal({"action": "resolve", **options}).code == "M105"


@pytest.mark.parametrize("value", ["", 1, True, {}, [""], [1], [NAME, None], [[NAME]], {"a": NAME}])
def test_what_to_resolve_is_a_name_or_a_list_of_names(value: object) -> None:
    for key in ("applied", "rolledBack"):
        error = refusal({"action": "resolve", key: value})
        assert error.code == "M104"
        assert key in error.problem
        assert "20201207184859_initial_migration" in error.next_step


def test_a_refused_value_is_not_repeated_for_it_may_be_a_secret() -> None:
    for event in ({"lockWaitS": "hunter2"}, {"strict": "hunter2"}, {"to": ["hunter2"]}, {"schema": {"x": "hunter2"}}):
        assert "hunter2" not in refusal(event).text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
EVENTS = JSON | st.dictionaries(
    st.sampled_from(["action", *EVERY_KEY]), JSON | st.sampled_from([*Action, NAME, "true", "60"]), max_size=5
)


@given(EVENTS)
@example({"lockWaitS": 10**400})
def test_any_json_value_is_a_request_or_refused(event: object) -> None:
    try:
        request = parse_request(event)
    except RequestInvalid as error:
        told = error.headline
    else:
        told = "M10 is not needed"
        assert bool(request.applied or request.rolled_back) is (request.action is Action.RESOLVE)
    assert told.startswith("M10")
    assert len(told.splitlines()) == 1
