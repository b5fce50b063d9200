"""Terraform with `lifecycle_scope = "CRUD"`: create and update deploy, delete does nothing."""

import json

import pytest

from lambda_fn.domain.reply import Raise, Return
from lambda_fn.domain.request import Request
from lambda_fn.errors import RequestInvalid
from lambda_fn.errors.request import wrong_value
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.terraform import Terraform
from tests.fixtures.custom_resources import EVENTS, FUNCTION, applied, failed, skipped


@pytest.mark.parametrize(
    ("file", "request_"),
    [("terraform-create.json", Request()), ("terraform-update.json", Request(strict=True))],
)
def test_create_and_update_are_the_request_in_the_input(file: str, request_: Request) -> None:
    assert Terraform(json.loads((EVENTS / file).read_text()), FUNCTION).request() == request_


def test_delete_is_skipped_whatever_the_input() -> None:
    event = json.loads((EVENTS / "terraform-delete.json").read_text())

    assert isinstance(Terraform(event, FUNCTION).request(), Skip)
    assert isinstance(Terraform({**event, "action": "resolve", "unknown": 1}, FUNCTION).request(), Skip)


@pytest.mark.parametrize("about", [None, "delete", {}, {"action": "destroy"}, {"action": ["delete"]}, []])
def test_what_terraform_does_not_say_is_refused(about: object) -> None:
    with pytest.raises(RequestInvalid, match=r"^M104 tf is not what Terraform adds"):
        Terraform({"action": "deploy", "tf": about}, FUNCTION).request()


def test_a_misspelt_key_is_refused_as_in_a_direct_event() -> None:
    with pytest.raises(RequestInvalid, match="M103"):
        Terraform({"actoin": "deploy", "tf": {"action": "create"}}, FUNCTION).request()


@pytest.mark.parametrize("event", [{"action": "baseline"}, {"action": "history", "limit": 5}])
def test_what_a_person_asks_for_once_is_no_resource(event: dict[str, object]) -> None:
    with pytest.raises(RequestInvalid, match="M108 Terraform cannot ask for the action") as refused:
        Terraform({**event, "tf": {"action": "create"}}, FUNCTION).request()

    assert refused.value.next_step == "Use one of these actions: deploy, status, plan, verify, resolve, doctor."


@pytest.mark.parametrize("value", [True, False, "true", None])
def test_nobody_says_continue_who_takes_what_is_unfinished_for_a_success(value: object) -> None:
    with pytest.raises(RequestInvalid, match="M112"):
        Terraform({"continue": value, "tf": {"action": "create"}}, FUNCTION).request()

    assert isinstance(Terraform({"continue": value, "tf": {"action": "delete"}}, FUNCTION).request(), Skip)


def test_an_error_is_raised_and_everything_else_is_returned() -> None:
    terraform = Terraform({"tf": {"action": "create"}}, FUNCTION)

    assert isinstance(terraform.reply(failed(wrong_value("a", "b", "c"))), Raise)
    assert isinstance(terraform.reply(applied()), Return)
    assert isinstance(terraform.reply(skipped()), Return)
