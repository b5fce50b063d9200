"""The log of a function: what its lines say, and which of them are of one invocation."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lambda_fn.domain.event import Level, Sentence
from lambda_fn.errors import MigrateError


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of a log group; `time_ms` since 1970. A stream holds one invocation at a time."""

    stream: str
    time_ms: int
    message: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """What an event says: its sentence, None where it says nothing to people, and the invocation that it names."""

    sentence: Sentence | None = None
    request_id: str | None = None
    begins: bool = False


_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BEGINNING = re.compile(rf"START RequestId: ({_ID})")
_NAMED = re.compile(rf"(?:RequestId: |^\S+ )({_ID})\b")
_OF_LAMBDA = re.compile(r"(?:INIT_START|INIT_REPORT|START|END|REPORT|EXTENSION|TELEMETRY|XRAY)\b")
_REQUEST_ID_KEYS = ("function_request_id", "run_id", "requestId", "AWSRequestId")
_ERROR_CLASSES = frozenset(each.__name__ for each in MigrateError.__subclasses__())
# The runtime tells what we raised once more, with a traceback.
_RAISED = re.compile(rf"\[ERROR\] (?:{'|'.join(sorted(_ERROR_CLASSES))}): ")


def read_line(message: str) -> LogLine:
    """What one event of the log says: a record of ours as its sentence, anything else as it is."""
    message = message.rstrip("\n")
    record = _record(message)
    return _read_text(message) if record is None else _read_record(record, message)


def _record(message: str) -> dict[str, object] | None:
    if not message.startswith("{"):
        return None
    try:
        value = json.loads(message)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _read_text(message: str) -> LogLine:
    if match := _BEGINNING.match(message):
        return LogLine(request_id=match[1], begins=True)
    named = _NAMED.search(message)
    request_id = named[1] if named else None
    if not message.strip() or _OF_LAMBDA.match(message) or _RAISED.match(message):
        return LogLine(request_id=request_id)
    return LogLine(Sentence(message), request_id)


def _read_record(record: dict[str, object], message: str) -> LogLine:
    """A record of ours, of the runtime or of Lambda itself (`platform.*`); metrics say nothing to people."""
    platform = record.get("record")
    about = platform if isinstance(platform, dict) else record
    request_id = next((value for key in _REQUEST_ID_KEYS if isinstance(value := about.get(key), str)), None)
    if "type" in record and str(record["type"]).startswith("platform."):
        return LogLine(request_id=request_id, begins=record["type"] == "platform.start")
    if "_aws" in record or record.get("errorType") in _ERROR_CLASSES:
        return LogLine(request_id=request_id)
    text = record.get("message")
    return LogLine(Sentence(text if isinstance(text, str) else message, _level(record)), request_id)


def _level(record: dict[str, object]) -> Level:
    name = str(record.get("level", "")).upper()
    return Level.ERROR if name in ("ERROR", "CRITICAL", "FATAL") else _LEVELS.get(name, Level.INFO)


_LEVELS = {"WARNING": Level.WARNING, "WARN": Level.WARNING}


class Attribution:
    """Says for one event after the other of which invocation it is: the one it names, or its stream's last."""

    def __init__(self) -> None:
        self._last_of_stream: dict[str, str] = {}

    def read(self, event: LogEvent) -> LogLine:
        """The line of an event, with the invocation that it belongs to, where that is known."""
        line = read_line(event.message)
        if line.request_id is not None:
            self._last_of_stream[event.stream] = line.request_id
            return line
        return LogLine(line.sentence, self._last_of_stream.get(event.stream), line.begins)


@dataclass(slots=True)
class Followed:
    """One invocation that is waited for: its id is known only from its answer.

    Until then its lines are those of the only invocation that began since we asked, as far as the log has come in:
    it comes in late, so that this may be another one's, which the answer then says.
    """

    _lines: list[LogLine] = field(default_factory=list)
    _begun: set[str] = field(default_factory=set)
    _attribution: Attribution = field(default_factory=Attribution)
    _given: set[str] = field(default_factory=set)

    def take(self, events: Iterable[LogEvent]) -> Iterator[Sentence]:
        """Keep what is new in the log, and give what is of the only invocation that began, each once."""
        for event in events:
            line = self._attribution.read(event)
            self._lines.append(line)
            if line.begins and line.request_id is not None:
                self._begun.add(line.request_id)
        if len(self._begun) == 1:
            yield from self._release(*self._begun)

    def answered(self, request_id: str) -> Iterator[Sentence]:
        """What was kept and is of the invocation, now that its id is known; before it, what was given wrongly."""
        for other in sorted(self._given - {request_id}):
            yield Sentence(f"Lines above are of another run, {other}, which began at the same time.", Level.WARNING)
        yield from self._release(request_id)

    def is_of_another(self, request_id: str) -> bool:
        """Whether lines of another invocation than this were given."""
        return bool(self._given - {request_id})

    @property
    def request_id(self) -> str | None:
        """The id of the only invocation that began since we asked; None where that is not known."""
        return next(iter(self._begun)) if len(self._begun) == 1 else None

    def _release(self, request_id: str) -> Iterator[Sentence]:
        ours = [line for line in self._lines if line.request_id == request_id]
        self._lines = [line for line in self._lines if line.request_id != request_id]
        if any(line.sentence is not None for line in ours):
            self._given.add(request_id)
        yield from (line.sentence for line in ours if line.sentence is not None)


def sentences_of_tail(tail: str) -> Iterator[Sentence]:
    """The records of ours in the last 4 KB of an invocation's log, of which the first line may be cut.

    Plain lines are left out: one that goes over several cannot be told from several.
    """
    for line in tail.splitlines():
        if _record(line) is not None and (sentence := read_line(line).sentence) is not None:
            yield sentence


def last_id_in(tail: str) -> str | None:
    """The id of the invocation whose log ends so; None where no line names one."""
    ids = (read_line(line).request_id for line in reversed(tail.splitlines()))
    return next((each for each in ids if each is not None), None)


def still_to_tell(shown: Collection[str], tail: Sequence[Sentence], known: Sequence[Sentence]) -> list[Sentence]:
    """What of the log's end and of what is known of a run was not shown, each once and in the order of the run.

    A log of more than 4 KB has lost its beginning: what is known comes before that of it which the end repeats.
    """
    in_tail = {sentence.text for sentence in tail}
    first = next((n for n, sentence in enumerate(known) if sentence.text in in_tail), 0)
    rest = (sentence for sentence in known[first:] if sentence.text not in in_tail)
    return [sentence for sentence in (*known[:first], *tail, *rest) if sentence.text not in shown]
