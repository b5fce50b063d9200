"""One invocation of a deployed function, and what a terminal shows of it."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from lambda_fn.account.answer import Answer
from lambda_fn.account.log import Followed, sentences_of_tail, still_to_tell
from lambda_fn.aws.client import Account
from lambda_fn.aws.function import DeployedFunction, Described
from lambda_fn.aws.logs import LogGroup
from lambda_fn.cli.screen import Screen
from lambda_fn.deadline import started
from lambda_fn.domain.event import Event, Level, Sentence
from lambda_fn.errors import AwsUnavailable, MigrateError, RequestInvalid

_T = TypeVar("_T")

POLL_INTERVAL_S = 2.0
_LOG_PATIENCE_S = 5.0  # the answer is not shown before a request for the log has ended
_HERE = re.compile(r"\b(?:migrate-lambda|python -m lambda_fn) resolve\b")  # the latter of functions before 0.2
_NOT_KNOWN = "unknown"


class Conversation:
    """Shows each sentence once: from the log while the function runs, then from its end, then from the answer.

    `function` is its name from when it is invoked; `run_id` is known from its answer, or from its log.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._shown: set[str] = set()
        self._tail: tuple[Sentence, ...] = ()
        self._followed = Followed()
        self.function: str | None = None
        self.run_id = str(uuid.uuid4())
        self.resolve_command = "migrate-lambda resolve"

    def next(self) -> "Conversation":
        """One about the next invocation of the same function."""
        following = Conversation(self._screen)
        following.function, following.resolve_command = self.function, self.resolve_command
        return following

    def ask(self, function: DeployedFunction, event: Mapping[str, object], account: Account) -> Answer:
        """Invoke, and show the function's log until it answers. Raises: as DeployedFunction.invoke."""
        described = _described(function)
        group = LogGroup(described.log_group, account, function.region, patience_s=_LOG_PATIENCE_S)
        log = _Log(group, described)
        self.function = function.name
        try:
            asked = started(lambda: function.invoke(event))
            answer = wait_for(asked, POLL_INTERVAL_S, lambda: self._show(log.new(self._followed)))
        except MigrateError as error:
            self._show(log.new(self._followed))
            if error.unknown:
                self.run_id = self._followed.request_id or _NOT_KNOWN
            raise
        self._show([*log.new(self._followed), *log.end()])
        if request_id := answer.request_id:
            self.run_id = request_id
            if self._followed.is_of_another(self.run_id):
                self._shown.clear()
            self._show(self._followed.answered(self.run_id))
        self._tail = tuple(sentences_of_tail(answer.log_tail))
        return answer

    def end(self, events: Iterable[Event]) -> None:
        """Show what has not been shown of the end of the log and of what is known of the run."""
        known = [sentence for event in events for sentence in event.sentences]
        self._show(still_to_tell(self._shown, self._tail, known))

    def _show(self, sentences: Iterable[Sentence]) -> None:
        for sentence in sentences:
            self._shown.add(sentence.text)
            # The function's words are those of a terminal at the database, where it is not.
            text = _HERE.sub(lambda _: self.resolve_command, sentence.text)
            self._screen.show(Sentence(text, sentence.level))


def wait_for(future: Future[_T], interval_s: float, meanwhile: Callable[[], None]) -> _T:
    """What a future comes to, and something done at intervals until then. Raises: what the future does."""
    while not future.done():
        try:
            return future.result(interval_s)
        except TimeoutError:  # of the waiting, or of the call itself, which is done then
            meanwhile()
    return future.result()


def _described(function: DeployedFunction) -> Described:
    """Where the function logs to; the log is shown beside the run, so that no answer is no reason not to begin."""
    try:
        return function.describe()
    except AwsUnavailable as error:
        return function.guessed(f"lambda:GetFunctionConfiguration was not answered ({error.code})")


class _Log:
    """The log of an invocation that runs. Not to be able to read it is told once, and is no failure of the run."""

    def __init__(self, group: LogGroup, described: Described) -> None:
        self._name = group.name
        self._watch = group.watch(described.asked_at_ms)
        self._guessed_because = described.guessed_because
        self._is_readable = True
        self._is_missing = False

    def new(self, followed: Followed) -> Iterable[Sentence]:
        """What has come in and is of this invocation."""
        if not self._is_readable:
            return
        try:
            yield from followed.take(self._watch.new())
            self._is_missing = False
        except RequestInvalid:
            self._is_missing = True  # a function makes its log group at its first run
        except AwsUnavailable:
            return  # a busy or lost service may answer the next time
        except MigrateError as error:
            self._is_readable = False
            yield Sentence(f"The log is not shown while the function runs: {error.headline}", Level.WARNING)

    def end(self) -> Iterable[Sentence]:
        """That nothing was found, where it was looked for in a place that need not be the right one."""
        if self._is_missing and self._guessed_because is not None:
            text = (
                f"The log was not shown while the function ran: there is no log group {self._name}, where a function "
                f"logs by default, and where this one does is not known: {self._guessed_because}."
            )
            yield Sentence(text, Level.WARNING)
