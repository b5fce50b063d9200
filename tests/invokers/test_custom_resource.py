"""What the event of a custom resource asks for: its properties are the options."""

import re
from dataclasses import fields

import pytest

from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import RequestInvalid
from lambda_fn.invokers.custom_resource import request_of
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.rollback import SIGNS
from tests.fixtures.custom_resources import LATEST, Event, event_of, with_properties

CREATE = event_of("cloudformation-create.json")


def asked_with(**properties: object) -> Request | Skip:
    return request_of(with_properties(CREATE, **properties))


def refusal(event: Event) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as refused:
        request_of(event)
    return refused.value


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, Request()),
        ({"Action": "deploy"}, Request()),
        ({"Action": "verify"}, Request(Action.VERIFY)),
        ({"To": LATEST}, Request(to=LATEST)),
        ({"Schema": "shop"}, Request(schema="shop")),
        ({"OwnerRole": "app_owner"}, Request(owner_role="app_owner")),
        ({"Strict": "true"}, Request(strict=True)),
        ({"Strict": "false"}, Request(strict=False)),
        ({"Strict": "yes"}, Request(strict=True)),
        ({"Strict": "No"}, Request(strict=False)),
        ({"LockWaitS": "12.5"}, Request(lock_wait_s=12.5)),
        ({"Action": "verify", "Requires": LATEST}, Request(Action.VERIFY, requires=LATEST)),
        ({"SecretId": "shop/database"}, Request(secret_id="shop/database")),
        ({"Dbname": "shop"}, Request(dbname="shop")),
    ],
)
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_properties_are_options_and_strings(kind: str, properties: dict[str, object], expected: Request) -> None:
    assert request_of({**with_properties(CREATE, **properties), "RequestType": kind}) == expected


def test_every_option_of_a_request_but_those_of_resolve_and_history_is_a_property() -> None:
    options = {"Action": "verify", "Requires": LATEST, "To": LATEST, "Schema": "s", "OwnerRole": "o"}
    more = {"Strict": "true", "LockWaitS": "1", "LockBudgetS": "2", "SecretId": "i", "Dbname": "d"}

    request = asked_with(**options, **more)

    unset = {each.name for each in fields(Request) if getattr(request, each.name) in (None, (), False)}
    of_others = {"applied", "rolled_back", "state", "name_part", "limit"}
    assert unset - of_others == {"comes_back", "waits_on", "continues"}, "CloudFormation does not"


@pytest.mark.parametrize(
    "name",
    ["Action", "To", "Schema", "OwnerRole", "Strict", "LockWaitS", "LockBudgetS", "Requires", "SecretId", "Dbname"],
)
@pytest.mark.parametrize("value", ["", None])
def test_an_empty_property_is_an_absent_one(name: str, value: object) -> None:
    assert asked_with(**{name: value}) == Request()


@pytest.mark.parametrize("properties", [None, [], "", 5])
def test_without_properties_a_create_deploys(properties: object) -> None:
    assert request_of({**CREATE, "ResourceProperties": properties}) == Request()
    assert request_of({key: value for key, value in CREATE.items() if key != "ResourceProperties"}) == Request()


@pytest.mark.parametrize(
    "name",
    [
        *("ServiceToken", "ServiceTimeout", "Triggers", "MigrationsHash", *SIGNS),
        *("DatabaseEndpoint", "ImageTag", "GitSha", "Version", "Environment", "SecretVersionId", "StackName", "List"),
    ],
)
@pytest.mark.parametrize("value", ["x", "", None, {"Action": "verify"}, ["1"]])
def test_other_properties_only_cause_updates(name: str, value: object) -> None:
    assert asked_with(**{name: value}) == Request()


@pytest.mark.parametrize(
    ("name", "option"),
    [
        *(("action", "Action"), ("to", "To"), ("SCHEMA", "Schema"), ("owner_role", "OwnerRole")),
        *(("owner-role", "OwnerRole"), ("OwnerRol", "OwnerRole"), ("strict", "Strict"), ("lockWaitS", "LockWaitS")),
        *(("LockWaitSeconds", "LockWaitS"), ("Required", "Requires"), ("SecretID", "SecretId")),
        *(("SecretName", "SecretId"), ("secret_name", "SecretId"), ("DatabaseName", "Dbname"), ("Database", "Dbname")),
        *(("Role", "OwnerRole"), ("LockTimeout", "LockWaitS"), ("Db", "Dbname"), ("DATABASE_NAME", "Dbname")),
        *(("SecretArn", "SecretId"), ("DbName", "Dbname"), ("db_name", "Dbname"), ("Actions", "Action")),
    ],
)
def test_a_property_that_looks_like_an_option_is_refused_with_the_option(name: str, option: str) -> None:
    error = refusal(with_properties(CREATE, **{name: "verify"}))

    assert error.code == "M109"
    assert f'"{name}"' in error.problem
    assert error.next_step.startswith(f"Did you mean {option}? ")


@pytest.mark.parametrize(
    "action", ["status", "plan", "resolve", "doctor", "baseline", "history", "reset", "Deploy", " ", 5, [], {}]
)
def test_any_action_but_deploy_and_verify_is_refused(action: object) -> None:
    error = refusal(with_properties(CREATE, Action=action))

    assert error.code == "M108"
    assert "deploy, verify" in error.next_step


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"LockWaitS": "soon"}, "M104"),
        ({"Strict": "on"}, "M104"),
        ({"Schema": "public\n"}, "M104"),
        ({"SecretId": '{"password": "hunter2"}'}, "M104"),
        ({"Schema": {"Ref": "Schema"}}, "M104"),
        ({"To": " "}, "M104"),
        ({"Requires": LATEST}, "M103"),
    ],
)
def test_values_are_checked_as_those_of_any_request(properties: dict[str, object], code: str) -> None:
    assert refusal(with_properties(CREATE, **properties)).code == code


@pytest.mark.parametrize(
    "properties",
    [
        *({"Schema": "public\n"}, {"LockWaitS": "soon"}, {"Strict": "on"}, {"Requires": LATEST}, {"OwnerRole": 5}),
        *({"SecretId": "a b"}, {"Dbname": "a://b"}, {"Action": "verify", "To": []}),
    ],
)
def test_a_refusal_says_the_property_as_the_template_has_it(properties: dict[str, object]) -> None:
    error = refusal(with_properties(CREATE, **properties))
    [name] = properties.keys() - {"Action"}

    assert re.search(rf"\b{name}\b", error.problem)
    assert not re.search(r"\b(schema|lockWaitS|strict|requires|ownerRole|secretId|dbname)\b", error.headline)
    assert not error.problem.startswith("to ")


@pytest.mark.parametrize("request_type", ["create", "Replace", "", None, 5, [], {"Create": 1}])
def test_a_request_type_that_does_not_exist_is_refused(request_type: object) -> None:
    assert refusal({**CREATE, "RequestType": request_type}).code == "M107"


def test_a_delete_needs_nothing_and_looks_at_no_property() -> None:
    delete = event_of("cloudformation-delete.json")

    properties: list[object] = [{"Action": "reset", "secretid": 5}, None, [], {"RunToken": "1"}]
    for each in properties:
        asked_for = request_of({**delete, "ResourceProperties": each})
        assert isinstance(asked_for, Skip)
        assert asked_for.reason == "Delete changes nothing: the schema and its history stay."
