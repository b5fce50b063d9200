"""Why the last operation of a CloudFormation stack failed: the event that all others followed from."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from lambda_fn.errors import MigrateError

_STACK = "AWS::CloudFormation::Stack"
_FAILED = "_FAILED"
_BEGINNINGS = frozenset(
    {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "REVIEW_IN_PROGRESS"}
)
# Said of a resource because of another one that failed.
_CONSEQUENCE = re.compile(
    r"Resource (?:creation|update|deletion|import) cancell?ed|The following (?:nested )?(?:resource|stack)\(s\) failed",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One event of a stack; `physical_id` of a nested stack is its ARN."""

    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str
    time: datetime

    @property
    def is_of_the_stack(self) -> bool:
        """Whether it is about the stack itself, and not about one of its resources."""
        return self.resource_type == _STACK and self.physical_id == self.stack_id

    @property
    def nested_stack(self) -> str | None:
        """The ARN of the nested stack that it is about."""
        is_nested = self.resource_type == _STACK and not self.is_of_the_stack and self.physical_id.startswith("arn:")
        return self.physical_id if is_nested else None


@dataclass(frozen=True, slots=True)
class Operation:
    """The events of one create, update, import or delete with its rollback, oldest first; at least one."""

    events: tuple[StackEvent, ...]

    @property
    def status(self) -> str:
        """The stack's own last status in it; "" where it has none."""
        return next((event.status for event in reversed(self.events) if event.is_of_the_stack), "")

    @property
    def kind(self) -> str:
        """CREATE, UPDATE, IMPORT or DELETE, as which it began."""
        statuses = (event.status for event in self.events if event.is_of_the_stack)
        beginning = next((each for each in statuses if each in _BEGINNINGS and each != "REVIEW_IN_PROGRESS"), "")
        return beginning.partition("_")[0]

    @property
    def has_succeeded(self) -> bool:
        """Whether it came to what it was begun for. Old resources that it could not remove are no failure of it."""
        return self.status in (f"{self.kind}_COMPLETE", f"{self.kind}_COMPLETE_CLEANUP_IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Failure:
    """The event that began it, and the logical ids that lead to it through nested stacks, its own last."""

    event: StackEvent
    path: tuple[str, ...]

    @property
    def is_cancellation(self) -> bool:
        """Whether nothing failed: somebody cancelled the operation."""
        return self.event.is_of_the_stack and self.event.reason == "User Initiated"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say of a stack's last operation; `failure` None is that nothing failed so far."""

    stack_name: str
    status: str
    failure: Failure | None


Read = Callable[[str], Iterable[StackEvent]]
"""The events of a stack by its name or ARN, newest first; read as far as they are looked at."""


def explain(stack: str, read: Read) -> Explanation | None:
    """What began the failure of a stack's last operation, inside its nested stacks too; None without any event.

    Raises: what `read` raises for the stack itself. A nested stack that cannot be read ends the search there.
    """
    operation = _operation_to_explain(read(stack))
    if operation is None:
        return None
    failure = None if operation.has_succeeded else _first_failure(operation.events, read)
    return Explanation(operation.events[0].stack_name, operation.status, failure)


def _operation_to_explain(events: Iterable[StackEvent]) -> Operation | None:
    """The newest operation; the one before it where that failed, and all that followed was to delete the stack."""
    operations = _operations(events)
    newest = next(operations, None)
    if newest is None or newest.kind != "DELETE" or not newest.has_succeeded:
        return newest
    before = next(operations, newest)
    return newest if before.has_succeeded else before


def _operations(events: Iterable[StackEvent]) -> Iterator[Operation]:
    """The operations, newest first. A rollback belongs to what it rolls back, also when a person began it."""
    newer: list[StackEvent] = []
    begun = False
    for event in events:
        if event.is_of_the_stack:
            if begun and not event.status.endswith("_IN_PROGRESS"):
                yield Operation(tuple(reversed(newer)))
                newer = []
            begun = event.status in _BEGINNINGS
        newer.append(event)
    if newer:
        yield Operation(tuple(reversed(newer)))


def _first_failure(events: tuple[StackEvent, ...], read: Read) -> Failure | None:
    since, event = events[0].time, _root(events)
    path: tuple[str, ...] = ()
    visited: set[str] = set()
    while event is not None:
        # The stack's own failure, such as a wrong parameter, is of no resource.
        path = path if path and event.is_of_the_stack else (*path, event.logical_id)
        nested = event.nested_stack
        if nested is None or nested in visited:
            break
        visited.add(nested)
        inside = _root(_since(since, nested, read))
        if inside is None:
            break
        event = inside
    return None if event is None else Failure(event, path)


def _since(time: datetime, stack: str, read: Read) -> tuple[StackEvent, ...]:
    """The events of a nested stack since the operation of its parent began, oldest first."""
    events = []
    try:
        for event in read(stack):
            if event.time < time:
                break
            events.append(event)
    except MigrateError:
        return ()
    return tuple(reversed(events))


def _root(events: Iterable[StackEvent]) -> StackEvent | None:
    """The first failure that is no mere consequence; else the stack's own first reason, else any failure."""
    events = tuple(events)
    failed = [event for event in events if event.status.endswith(_FAILED)]
    causes = [event for event in failed if not event.is_of_the_stack and not _CONSEQUENCE.match(event.reason)]
    own = [
        event
        for event in events
        if event.is_of_the_stack
        and event.reason
        and (event.status.endswith(_FAILED) or "ROLLBACK" in event.status)
        and not _CONSEQUENCE.match(event.reason)
    ]
    return next(iter([*causes, *own, *failed]), None)


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason of an event: the sentence that matters, further lines, and the log that it names."""

    sentence: str
    lines: tuple[str, ...] = ()
    log_group: str | None = None
    log_stream: str | None = None

    @property
    def is_silence(self) -> bool:
        """Whether the function never answered CloudFormation."""
        return bool(_SILENCE.search(self.sentence))


# What AWS puts round the words of a custom resource, and round those of its own handlers.
_WRAPPINGS = (
    re.compile(
        r"Received response status \[\w+\] from custom resource\. Message returned: (?P<message>.*?)"
        r"(?: \(RequestId: [\w-]+\))?",
        re.DOTALL,
    ),
    re.compile(
        r'Resource handler returned message: "(?P<message>.*)" \(RequestToken: [\w-]+, HandlerErrorCode: \w+\)',
        re.DOTALL,
    ),
)
_SILENCE = re.compile(r"CloudFormation did not receive a response|Custom resource .* timed out")
_LOGS = re.compile(r" Logs: (?P<group>\S+)(?: (?P<stream>\S+))?$")
# What the frameworks between us and CloudFormation put before and behind our words.
_CLASS_OF_ERROR = re.compile(r"\w+: (?=[PM][0-9]{3,4} )")
_CALL = re.compile(r"\s+at .+\)?$")


def read_reason(text: str) -> Reason:
    """Take the reason of an event apart; what AWS puts round the words of others is left out."""
    wrapped = next((match for wrapping in _WRAPPINGS if (match := wrapping.fullmatch(text))), None)
    message = wrapped["message"].replace('\\"', '"') if wrapped else text  # AWS's handlers escape it
    lines = [line.rstrip() for line in message.splitlines()]
    logs = next((match for line in lines if (match := _LOGS.search(line))), None)
    said = [told for line in lines if (told := _LOGS.sub("", line)) and not _CALL.fullmatch(told)]
    sentence = _CLASS_OF_ERROR.sub("", said[0], count=1) if said else "No reason was given."
    return Reason(sentence, tuple(said[1:]), logs["group"] if logs else None, logs["stream"] if logs else None)
