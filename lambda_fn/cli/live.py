"""What a terminal shows beyond lines: colours, and a last line that tells what the run is at."""

import contextlib
import time
from typing import Any, Self, TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lambda_fn.cli.history_table import history_table
from lambda_fn.cli.progress import Progress
from lambda_fn.cli.screen import in_plain
from lambda_fn.domain.event import Event, Level, Sentence
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.index_progress import IndexBuildProgressed
from lambda_fn.domain.printable import in_one_line

_STYLES = {Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_REFRESHED_PER_S = 4
_FRAMES = "-\\|/"


class _ClosableTerminal:
    """A terminal that may be closed while something is written to it, which stops nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, if somebody is there."""
        with contextlib.suppress(OSError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if somebody is there."""
        with contextlib.suppress(OSError):
            self._stream.flush()


class LiveScreen:
    """The sentences of a run above a line that tells what it is at, and for how long."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(
            file=cast(TextIO, _ClosableTerminal(stream)), highlight=False, markup=False, emoji=False
        )
        self._progress = Progress()
        self._live = Live(
            console=self._console,
            get_renderable=self._line,
            transient=True,
            refresh_per_second=_REFRESHED_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def report(self, event: Event) -> None:
        """Print the event's sentences, and keep what it says of how far the run is."""
        self._progress = self._progress.after(event, time.monotonic())
        self._live.refresh()
        match event:
            case IndexBuildProgressed():
                return  # the last line says it
            case HistoryRead():
                self._show_history(event)
            case _:
                for sentence in event.sentences:
                    self._show(sentence)

    def _show_history(self, event: HistoryRead) -> None:
        """As a table where it fits, else as the lines of a pipe."""
        table = history_table(event.rows.rows, self._console) if event.rows.rows else None
        if table is not None:
            self._console.print(table)
        for sentence in event.sentences[-1:] if table is not None else event.sentences:
            self._show(sentence)

    def _show(self, sentence: Sentence) -> None:
        headline, line_break, more = in_plain(sentence).partition("\n")
        lines = Text.assemble((headline, _STYLES[sentence.level]), line_break, more)
        # As it is: a line is as long as it is, so that it can be copied and searched for.
        self._console.print(lines, soft_wrap=True)

    def _line(self) -> Text:
        """In one line, cut where the terminal ends: what is drawn anew must not grow upwards."""
        now_s = time.monotonic()
        line = self._progress.line(now_s)
        if not line:
            return Text("")
        frame = _FRAMES[int(now_s * _REFRESHED_PER_S) % len(_FRAMES)]
        # Not rich's Spinner, which makes a Text of its own and forgets that it may not be wrapped.
        return Text(f"{frame} {in_one_line(line)}", no_wrap=True, overflow="ellipsis")
