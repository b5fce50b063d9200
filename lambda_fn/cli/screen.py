"""What a terminal shows: plain lines on a stream that may be a pipe, a full disk or know only ASCII."""

import errno
import io
import json
import os
import select
import stat
import sys
from typing import TextIO

from lambda_fn.domain.event import Event, Level, Sentence
from lambda_fn.domain.outcome import error_to_json
from lambda_fn.domain.printable import printable
from lambda_fn.errors import MigrateError
from lambda_fn.settings import runs_unattended

_NOBODY_READS = (errno.EPIPE, errno.EIO)  # a pipe, and a terminal that was closed


class Screen:
    """Prints the sentences of a run, one a line, to a stream. A reader that has gone away stops nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._was_left = False

    @classmethod
    def beside_document(cls, wanted: bool) -> "Screen":
        """Standard output, or standard error where JSON or Markdown is to have the output to itself."""
        return cls(sys.stderr if wanted else sys.stdout)

    def report(self, event: Event) -> None:
        """Print the event's sentences."""
        for sentence in event.sentences:
            self.show(sentence)

    def show(self, sentence: Sentence) -> None:
        """Print a sentence, with its level where that is no information."""
        self.print(in_plain(sentence))

    @property
    def stream(self) -> TextIO:
        """Where it prints."""
        return self._stream

    @property
    def is_watched(self) -> bool:
        """Whether it is a terminal at which somebody may sit: no pipe, no file, and not that of a pipeline."""
        return self._stream.isatty() and not runs_unattended()

    @property
    def is_unread(self) -> bool:
        """Whether its reader has gone away, as far as the system tells: as in `logs --follow | head -1`."""
        return self._was_left or _has_no_reader(self._stream)

    def print(self, text: str) -> None:
        """Print a text as it is."""
        try:
            print(text, file=self._stream, flush=True)
        except OSError as error:
            self._was_left = True
            if error.errno not in _NOBODY_READS and self._stream is not sys.stderr:
                Screen(sys.stderr).print(f"WARNING: The output could not be written: {error.strerror}.")
            _lead_nowhere(self._stream)  # as in `deploy | head -1`


def _has_no_reader(stream: TextIO) -> bool:
    """Whether a stream is a pipe without a reader: one that nothing is written to does not say so by itself."""
    try:
        descriptor = stream.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode) or not hasattr(select, "poll"):
            return False
    except (OSError, ValueError):  # a stream of no file
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def in_plain(sentence: Sentence) -> str:
    """A sentence as text, in which nothing steers the terminal that shows it."""
    text = printable(sentence.text)
    return text if sentence.level is Level.INFO else f"{sentence.level.upper()}: {text}"


def print_error(error: MigrateError, *, as_json: bool) -> None:
    """Print an error on standard error, and with `as_json` as JSON on standard output too."""
    Screen(sys.stderr).show(Sentence(error.text, Level.ERROR))
    if as_json:
        print_json({"error": error_to_json(error)})


def print_json(value: object) -> None:
    """Print a JSON value on standard output."""
    Screen(sys.stdout).print(json.dumps(value, indent=2))


def _lead_nowhere(stream: TextIO) -> None:
    """From here on it is written to nowhere, also what Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def let_go(stream: TextIO) -> None:
    """Write what is left to a stream, or nowhere: Python would end with 120 where a terminal was closed meanwhile."""
    try:
        stream.flush()
    except OSError:
        _lead_nowhere(stream)
    except ValueError:  # it is closed already
        return


def replace_what_cannot_be_shown(stream: TextIO) -> None:
    """Let a terminal that knows only ASCII show question marks, instead of ending the run."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
