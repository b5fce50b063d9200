"""CloudFormation: the events of stacks, and their outputs."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from lambda_fn.account.stack import StackEvent
from lambda_fn.aws.client import Account, region_of, told
from lambda_fn.errors import MigrateError
from lambda_fn.errors import account as account_errors

_NOT_THERE = re.compile(r"does not exist")


class Stacks:
    """The stacks of an account. Raises: SettingsInvalid M801, M802."""

    def __init__(self, account: Account) -> None:
        self._client = account.client("cloudformation")

    def events(self, stack: str) -> Iterator[StackEvent]:
        """The events of a stack, newest first, asked for as far as they are looked at.

        Raises: RequestInvalid M811; what asking AWS raises.
        """
        with told("cloudformation", self._special(stack)):
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack):
                yield from map(_event, page["StackEvents"])

    def output(self, stack: str, key: str) -> str:
        """An output of a stack. Raises: RequestInvalid M811, M812; what asking AWS raises."""
        with told("cloudformation", self._special(stack)):
            [described] = self._client.describe_stacks(StackName=stack)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", ())}
        if key not in outputs:
            raise account_errors.no_output(stack, key, sorted(outputs))
        return str(outputs[key])

    def _special(self, stack: str) -> dict[str, Callable[[str], MigrateError]]:
        region = region_of(self._client)

        def not_valid(message: str) -> MigrateError:
            if _NOT_THERE.search(message):
                return account_errors.stack_not_found(stack, region)
            return account_errors.refused("the name of the stack", message)

        return {"ValidationError": not_valid}


def _event(found: dict[str, Any]) -> StackEvent:
    return StackEvent(
        stack_id=found["StackId"],
        stack_name=found["StackName"],
        logical_id=found.get("LogicalResourceId", ""),
        physical_id=found.get("PhysicalResourceId", ""),
        resource_type=found.get("ResourceType", ""),
        status=found.get("ResourceStatus", ""),
        reason=found.get("ResourceStatusReason", ""),
        time=found["Timestamp"],
    )
