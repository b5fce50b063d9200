"""What a terminal shows beyond lines: colours, and a last line that tells what the run is at."""

import time
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from lambda_fn.cli.history_table import history_table
from lambda_fn.cli.progress import Progress
from lambda_fn.cli.screen import in_plain
from lambda_fn.domain.event import Event, Level, Sentence
from lambda_fn.domain.history_event import HistoryRead
from lambda_fn.domain.index_progress import IndexBuildProgressed

_STYLES = {Level.INFO: "", Level.WARNING: "yellow", Level.ERROR: "bold red"}
_REFRESHED_PER_S = 4


class LiveScreen:
    """The sentences of a run above a line that tells what it is at, and for how long."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._progress = Progress()
        self._spinner = Spinner("line")
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
            case HistoryRead() if event.rows.rows:
                self._console.print(history_table(event.rows.rows))
                self._show(event.sentences[-1])
            case _:
                for sentence in event.sentences:
                    self._show(sentence)

    def _show(self, sentence: Sentence) -> None:
        headline, line_break, more = in_plain(sentence).partition("\n")
        lines = Text.assemble((headline, _STYLES[sentence.level]), line_break, more)
        # As it is: a line is as long as it is, so that it can be copied and searched for.
        self._console.print(lines, soft_wrap=True)

    def _line(self) -> Text | Spinner:
        line = self._progress.line(time.monotonic())
        if not line:
            return Text("")
        self._spinner.update(text=Text(line, no_wrap=True, overflow="ellipsis"))
        return self._spinner
