"""Why a stack failed: which of its events is the one that all others followed from, and what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lambda_fn.account.stack import Explanation, Reason, StackEvent, explain, read_reason
from lambda_fn.errors import MigrateError
from lambda_fn.errors import account as account_errors

STACK = "AWS::CloudFormation::Stack"
BEGUN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FAILED = "The following resource(s) failed to create: [Migrations]."


def arn(name: str) -> str:
    """The ARN of a stack."""
    return f"arn:aws:cloudformation:eu-central-1:123456789012:stack/{name}/0a1b"


def own(status: str, reason: str = "", stack: str = "shop") -> StackEvent:
    """An event of the stack itself; its time is set by `history`."""
    return StackEvent(arn(stack), stack, stack, arn(stack), STACK, status, reason, BEGUN)


def of(
    name: str, status: str, reason: str = "", *, kind: str = "Custom::Migrations", stack: str = "shop"
) -> StackEvent:
    """An event of a resource."""
    return StackEvent(arn(stack), stack, name, f"{stack}-{name}", kind, status, reason, BEGUN)


def nested(name: str, status: str, reason: str = "", *, stack: str = "shop") -> StackEvent:
    """An event about a nested stack in the stack that has it."""
    return StackEvent(arn(stack), stack, name, arn(name), STACK, status, reason, BEGUN)


def history(*events: StackEvent, from_s: int = 0) -> list[StackEvent]:
    """The events a second apart, as the API gives them: newest first."""
    return [replace(event, time=BEGUN + timedelta(seconds=from_s + n)) for n, event in enumerate(events)][::-1]


def explained(stacks: dict[str, Sequence[StackEvent]], stack: str = "shop") -> Explanation:
    """The explanation, with some stacks to read."""

    def read(name: str) -> Iterable[StackEvent]:
        if name not in stacks:
            raise account_errors.stack_not_found(name, "eu-central-1")
        return stacks[name]

    explanation = explain(stack, read)
    assert explanation is not None
    return explanation


def found(*events: StackEvent, **nested_stacks: Sequence[StackEvent]) -> tuple[str, str] | None:
    """The path to what failed first, and its reason."""
    stacks = {"shop": history(*events), **{arn(name): each for name, each in nested_stacks.items()}}
    failure = explained(stacks).failure
    return None if failure is None else ("/".join(failure.path), failure.event.reason)


CREATED = (own("CREATE_IN_PROGRESS", "User Initiated"), of("Migrations", "CREATE_COMPLETE"), own("CREATE_COMPLETE"))


def test_the_first_failure_is_the_cause_and_not_what_was_cancelled_or_rolled_back_for_it() -> None:
    assert found(
        own("CREATE_IN_PROGRESS", "User Initiated"),
        of("Web", "CREATE_IN_PROGRESS"),
        of("Web", "CREATE_FAILED", "Resource creation cancelled"),
        of("Migrations", "CREATE_FAILED", "P3018 It failed."),
        of("Queue", "CREATE_FAILED", "Resource creation cancelled"),
        own("ROLLBACK_IN_PROGRESS", FAILED),
        of("Vpc", "DELETE_FAILED", "It has dependencies"),
        own("ROLLBACK_FAILED", "The following resource(s) failed to delete: [Vpc]."),
    ) == ("Migrations", "P3018 It failed.")


def test_of_two_failures_the_older_one_is_told() -> None:
    assert found(
        own("UPDATE_IN_PROGRESS"),
        of("A", "UPDATE_FAILED", "first"),
        of("B", "UPDATE_FAILED", "second"),
        own("UPDATE_ROLLBACK_IN_PROGRESS", FAILED),
    ) == ("A", "first")


def test_only_the_last_operation_counts() -> None:
    failed = (own("UPDATE_IN_PROGRESS"), of("M", "UPDATE_FAILED", "old"), own("UPDATE_ROLLBACK_IN_PROGRESS"))
    rolled_back = own("UPDATE_ROLLBACK_COMPLETE")

    assert found(*CREATED, *failed, rolled_back) == ("M", "old")
    assert found(*CREATED, *failed, rolled_back, own("UPDATE_IN_PROGRESS"), own("UPDATE_COMPLETE")) is None
    assert found(
        *CREATED, *failed, rolled_back, own("UPDATE_IN_PROGRESS"), of("M", "UPDATE_FAILED", "new"), own("UPDATE_FAILED")
    ) == ("M", "new")


def test_events_before_the_last_operation_are_not_even_asked_for() -> None:
    def read(_: str) -> Iterable[StackEvent]:
        yield from history(*CREATED, own("UPDATE_IN_PROGRESS"), of("M", "UPDATE_FAILED", "new"))[:3]
        raise AssertionError("the page before was asked for")

    explanation = explain("shop", read)

    assert explanation is not None
    assert explanation.failure is not None
    assert explanation.failure.event.reason == "new"


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_what_could_not_be_cleaned_up_behind_a_success_is_no_failure(status: str) -> None:
    assert found(own("UPDATE_IN_PROGRESS"), of("Old", "DELETE_FAILED", "in use"), own(status)) is None


def test_a_rollback_that_a_person_began_belongs_to_what_it_rolls_back() -> None:
    kept = (own("CREATE_IN_PROGRESS"), of("M", "CREATE_FAILED", "cause"), own("CREATE_FAILED", FAILED))

    assert found(*kept, own("ROLLBACK_IN_PROGRESS", "User Initiated"), own("ROLLBACK_COMPLETE")) == ("M", "cause")


def test_a_change_set_of_a_new_stack_is_part_of_its_creation() -> None:
    assert found(own("REVIEW_IN_PROGRESS"), own("CREATE_IN_PROGRESS"), own("CREATE_COMPLETE")) is None
    assert found(own("REVIEW_IN_PROGRESS"), own("CREATE_IN_PROGRESS"), of("M", "CREATE_FAILED", "r")) == ("M", "r")


@pytest.mark.parametrize("between", [(), (own("ROLLBACK_COMPLETE"),)])
def test_a_stack_that_was_deleted_after_its_failure_is_explained_by_the_failure(
    between: tuple[StackEvent, ...],
) -> None:
    """Whoever asks for a deleted stack by its ARN wants to know why; `--on-failure DELETE` deletes it by itself."""
    assert found(
        own("CREATE_IN_PROGRESS"), of("M", "CREATE_FAILED", "cause"), own("ROLLBACK_IN_PROGRESS"), *between,
        own("DELETE_IN_PROGRESS"), own("DELETE_COMPLETE"),
    ) == ("M", "cause")  # fmt: skip
    assert found(*CREATED, own("DELETE_IN_PROGRESS"), own("DELETE_COMPLETE")) is None
    assert found(*CREATED, own("DELETE_IN_PROGRESS"), of("V", "DELETE_FAILED", "used"), own("DELETE_FAILED")) == (
        "V",
        "used",
    )


def test_without_a_failed_resource_the_stacks_own_reason_is_told() -> None:
    reason = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification"

    assert found(own("CREATE_IN_PROGRESS"), own("ROLLBACK_IN_PROGRESS", reason)) == ("shop", reason)


def test_where_all_are_consequences_one_of_them_is_told() -> None:
    assert found(own("CREATE_IN_PROGRESS"), of("A", "CREATE_FAILED", "Resource creation cancelled")) == (
        "A",
        "Resource creation cancelled",
    )


def test_a_nested_stack_is_followed_to_what_failed_in_it() -> None:
    inner = history(
        own("CREATE_IN_PROGRESS", stack="Inner"),
        of("Migrations", "CREATE_FAILED", "P3018 It failed.", stack="Inner"),
        own("CREATE_FAILED", FAILED, stack="Inner"),
        own("DELETE_IN_PROGRESS", stack="Inner"),
        own("DELETE_COMPLETE", stack="Inner"),
    )
    middle = history(own("CREATE_IN_PROGRESS", stack="Middle"), nested("Inner", "CREATE_FAILED", stack="Middle"))

    assert found(
        own("CREATE_IN_PROGRESS"), nested("Middle", "CREATE_FAILED", "Embedded stack was not created"),
        own("ROLLBACK_COMPLETE"), Middle=middle, Inner=inner,
    ) == ("Middle/Inner/Migrations", "P3018 It failed.")  # fmt: skip


def test_what_failed_in_a_nested_stack_before_is_not_told() -> None:
    inner = history(of("M", "UPDATE_FAILED", "old", stack="Inner"), from_s=-60)

    assert found(own("UPDATE_IN_PROGRESS"), nested("Inner", "UPDATE_FAILED", "Embedded stack"), Inner=inner) == (
        "Inner",
        "Embedded stack",
    )


def test_a_nested_stack_that_cannot_be_read_leaves_what_its_parent_says() -> None:
    assert found(own("CREATE_IN_PROGRESS"), nested("Gone", "CREATE_FAILED", "Embedded stack")) == (
        "Gone",
        "Embedded stack",
    )


def test_nested_stacks_that_name_each_other_end() -> None:
    loop = history(nested("A", "CREATE_FAILED", "again", stack="A2"))
    event = nested("A", "CREATE_FAILED", "again")

    assert found(own("CREATE_IN_PROGRESS"), event, A=loop) == ("A/A", "again")


def test_a_stack_that_does_not_exist_is_an_error_and_one_without_events_is_none() -> None:
    with pytest.raises(MigrateError, match="M811"):
        explained({})
    assert explain("shop", lambda _: []) is None


def test_an_operation_that_goes_on_is_told_with_its_status() -> None:
    explanation = explained({"shop": history(*CREATED, own("UPDATE_IN_PROGRESS"), of("M", "UPDATE_IN_PROGRESS"))})

    assert (explanation.status, explanation.failure) == ("UPDATE_IN_PROGRESS", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P3018 It failed. Mend it.", Reason("P3018 It failed. Mend it.")),
        (
            "Received response status [FAILED] from custom resource. Message returned: P3018 It failed. Mend it. "
            "Logs: /aws/lambda/migrate 2026/11/22/[$LATEST]0a1b\n    3 | SELECT x;\n               ^ "
            "(RequestId: 7c0cbd10-c77e-11f0-9b1c-0a1b2c3d4e5f)",
            Reason(
                "P3018 It failed. Mend it.",
                ("    3 | SELECT x;", "               ^"),
                "/aws/lambda/migrate",
                "2026/11/22/[$LATEST]0a1b",
            ),
        ),
        (
            "Received response status [FAILED] from custom resource. Message returned: Error: P3018 It failed. "
            "Logs: /aws/lambda/migrate\n\n    at invokeUserFunction (/var/task/framework.js:2:6)\n"
            "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) (RequestId: 0-1)",
            Reason("P3018 It failed.", (), "/aws/lambda/migrate"),
        ),
        (
            'Resource handler returned message: "The role "x" cannot be assumed" (RequestToken: 0a-1b, '
            "HandlerErrorCode: InvalidRequest)",
            Reason('The role "x" cannot be assumed'),
        ),
        (
            r'Resource handler returned message: "The role \"x\" cannot be assumed" (RequestToken: 0a-1b, '
            "HandlerErrorCode: InvalidRequest)",
            Reason('The role "x" cannot be assumed'),
        ),
        ("", Reason("No reason was given.")),
        ("Received response status [FAILED] from custom resource. Message returned: ", Reason("No reason was given.")),
    ],
)
def test_a_reason_is_told_without_what_is_put_round_it(text: str, expected: Reason) -> None:
    assert read_reason(text) == expected


def test_silence_is_told_from_an_answer() -> None:
    silent = "CloudFormation did not receive a response from your custom resource. Please check your logs for requestId"

    assert read_reason(silent).is_silence
    assert not read_reason("P1002 Timed out trying to acquire a postgres advisory lock.").is_silence
