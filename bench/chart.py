"""The chart: this program and each peer, fresh and with nothing to do, by round-trip time. Hand-written SVG."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from bench.figures import BARE, FLOOR, OURS, median_wall_ms, wall_ms
from bench.results import Cell, Results, Series
from bench.turns import FRESH, NOOP

_WIDTH, _LEFT, _TOP = 900, 150, 86
_PANEL_WIDTH, _PANEL_GAP, _ROW_HEIGHT, _PANEL_HEAD, _PANEL_FOOT = 224, 20, 24, 40, 30
_SIZE = "1000"
_LATENCIES_MS = (0.0, 1.0, 5.0)
_KINDS = (
    (FRESH, f"{_SIZE} migrations, all to be applied", FLOOR, "psql alone"),
    (NOOP, f"{_SIZE} migrations, all applied already", BARE, "Python, psycopg, SELECT 1"),
)
_SUBJECTS = (OURS, "dbmate", "node-pg-migrate", "alembic", "yoyo")
_MARGIN = 1.2  # a mark at the very edge would touch the next panel's
_LABEL_ROOM = 0.80  # of the width of a panel: what is longest has its figure beside it
_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
.title { font-size: 18px; font-weight: 600 }
.small, .axis { font-size: 11px; fill: #57606a }
.kind, .ours-name, .ours-figure { font-weight: 600 }
.peer-figure { font-size: 12px; fill: #57606a }
.behind { fill: #fbfbfa }
.grid { stroke: #d8dee4; stroke-width: 1 }
.floor { stroke: #24292f; stroke-width: 1.25; stroke-dasharray: 4 3 }
.peer { fill: #818b96 } .peer-spread { stroke: #818b96; stroke-width: 2 }
.ours { fill: #0a6cce } .ours-spread { stroke: #0a6cce; stroke-width: 2 }
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """Milliseconds to points, by their logarithm: what takes ten times as long is as far everywhere."""

    low_ms: float
    high_ms: float

    def x(self, value_ms: float) -> float:
        """How far from the left of a panel."""
        part = math.log(value_ms / self.low_ms) / math.log(self.high_ms / self.low_ms)
        return max(0.0, part) * _PANEL_WIDTH * _LABEL_ROOM

    def marks_ms(self) -> Iterator[float]:
        """The powers of ten in it, and three times each."""
        first, last = math.floor(math.log10(self.low_ms)), math.ceil(math.log10(self.high_ms))
        marks = (factor * 10.0**exponent for exponent in range(first, last + 1) for factor in (1, 3))
        return (each for each in marks if self.low_ms * _MARGIN <= each <= self.high_ms)


def chart(results: Results) -> str:
    """The whole picture; without the figures it says that there are none."""
    cells = {each: results.find("fresh", _SIZE, each) for each in _LATENCIES_MS}
    body = [part for row, kind in enumerate(_KINDS) for part in _kind(row, kind, cells)]
    height = _TOP + len(_KINDS) * _kind_height() - 14
    missing = [] if any(cells.values()) else [_text(_LEFT, _TOP, "not measured yet")]
    return "\n".join([*_frame(height), *missing, *body, "</svg>", ""])


def _frame(height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'role="img" aria-labelledby="title">'
    )
    yield '<title id="title">Time to apply 1000 migrations, and to find nothing to do, by tool</title>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8" fill="#fbfbfa" stroke="#d8dee4"/>'
    yield _text(20, 32, "Whole runs beside peers, by round-trip time to the server", "title")
    told = "Medians of whole processes on one server without fsync; the scale is logarithmic, further left is faster."
    yield _text(20, 52, told, "small")


def _kind(row: int, kind: tuple[str, str, str, str], cells: dict[float, Cell | None]) -> Iterator[str]:
    what, title, floor, floor_title = kind
    known = {latency_ms: cell for latency_ms, cell in cells.items() if cell is not None}
    values = [
        value
        for cell in known.values()
        for subject in (*_SUBJECTS, floor)
        if (value := median_wall_ms(cell, subject, what))
    ]
    if not values:
        return
    top = _TOP + row * _kind_height()
    scale = Scale(min(values) / 1.5, max(values))
    yield _text(20, top, title, "kind")
    yield f'<line class="floor" x1="{_LEFT + 180}" x2="{_LEFT + 204}" y1="{top - 4}" y2="{top - 4}"/>'
    yield _text(_LEFT + 210, top, floor_title, "small")
    for line, subject in enumerate(_SUBJECTS):
        y = top + _PANEL_HEAD + line * _ROW_HEIGHT + 13
        yield _text(_LEFT - 10, y, subject, "ours-name" if subject == OURS else "", anchor="end")
    for column, (latency_ms, cell) in enumerate(known.items()):
        left = _LEFT + column * (_PANEL_WIDTH + _PANEL_GAP)
        yield f'<g transform="translate({left} {top})">'
        yield _text(
            0, 26, "no added round-trip time" if not latency_ms else f"{latency_ms:g} ms of round-trip time", "small"
        )
        yield from _panel(cell, what, floor, scale)
        yield "</g>"


def _panel(cell: Cell, what: str, floor: str, scale: Scale) -> Iterator[str]:
    bottom = _PANEL_HEAD + len(_SUBJECTS) * _ROW_HEIGHT
    for mark_ms in scale.marks_ms():
        x = scale.x(mark_ms)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_PANEL_HEAD - 4}" y2="{bottom}"/>'
        yield _text(x, bottom + 14, f"{mark_ms / 1000:g} s", "axis", anchor="middle")
    if (floor_ms := median_wall_ms(cell, floor, what)) is not None:
        x = scale.x(floor_ms)
        yield f'<line class="floor" x1="{x:.1f}" x2="{x:.1f}" y1="{_PANEL_HEAD - 6}" y2="{bottom}"/>'
    for line, subject in enumerate(_SUBJECTS):
        y = _PANEL_HEAD + line * _ROW_HEIGHT + _ROW_HEIGHT / 2 - 3
        yield from _run(cell.find(subject, what), scale, y, is_ours=subject == OURS)


def _run(series: Series | None, scale: Scale, y: float, *, is_ours: bool) -> Iterator[str]:
    """A dot at the median, a line from the lowest to the highest, and the figure."""
    value_ms = wall_ms(series)
    if series is None or value_ms is None:
        yield _text(4, y + 5, (series.remark if series else "") or "not measured", "small")
        return
    x, name = scale.x(value_ms), "ours" if is_ours else "peer"
    low, high = (scale.x(end(each.wall_ms for each in series.samples)) for end in (min, max))
    label = _seconds(value_ms)
    yield f'<rect class="behind" x="{x + 8:.1f}" y="{y - 8}" width="{8 * len(label)}" height="16"/>'
    yield f'<line class="{name}-spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
    yield f'<circle class="{name}" cx="{x:.1f}" cy="{y}" r="{6 if is_ours else 5}"/>'
    yield _text(max(x, high) + 10, y + 5, label, f"{name}-figure")


def _seconds(value_ms: float) -> str:
    seconds = value_ms / 1000
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"  # noqa: PLR2004


def _kind_height() -> int:
    return _PANEL_HEAD + len(_SUBJECTS) * _ROW_HEIGHT + _PANEL_FOOT + 22


def _text(x: float, y: float, content: str, name: str = "", *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{name}" text-anchor="{anchor}">{escape(content)}</text>'
