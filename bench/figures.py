"""How figures are put: medians with their spread, ratios, and what is out of the ordinary."""

import statistics
from collections.abc import Iterable, Sequence

from bench.results import FAILED, KILLED, ONCE, Cell, Sample, Series
from bench.turns import LIMIT_S

OURS, FLOOR, BARE = "migrate-lambda", "psql", "bare psycopg"
NOTHING = "-"
_EXACT_BELOW = 100


def median_of(values: Iterable[float | None]) -> float | None:
    """The median of what is known."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def wall_ms(series: Series | None) -> float | None:
    """The median wall time."""
    return median_of(each.wall_ms for each in series.samples) if series else None


def median_wall_ms(cell: Cell | None, subject: str, what: str) -> float | None:
    """The median wall time of one subject in a cell."""
    return wall_ms(cell.find(subject, what)) if cell else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """How many times `whole` it is."""
    return part / whole if part is not None and whole else None


def peak_mib(series: Series | None) -> float | None:
    """The most memory that any of the runs took."""
    return highest(series.samples, "peak_mib") if series else None


def highest(samples: Sequence[Sample], field: str) -> float | None:
    """The highest figure of one kind."""
    return max((value for each in samples if (value := getattr(each, field)) is not None), default=None)


def number(value: float | None) -> str:
    """With a decimal where it is small."""
    if value is None:
        return NOTHING
    return f"{value:.1f}" if value < _EXACT_BELOW else f"{value:,.0f}"


def times(value: float | None) -> str:
    """A ratio."""
    return NOTHING if value is None else f"{value:.2f}x"


def put(series: Series | None, *beside: float | None) -> str:
    """The median with lowest and highest, in milliseconds, and how many times each of the others it is."""
    if series is None:
        return NOTHING
    if series.remark not in ("", ONCE) or not series.samples:
        return _instead(series)
    walls = [each.wall_ms for each in series.samples]
    middle = statistics.median(walls)
    spread = "†" if series.remark == ONCE else f"({number(min(walls))}-{number(max(walls))})"
    others = (f"· {times(ratio(middle, each))}" for each in beside if each)
    return " ".join((number(middle), spread, *others))


def _instead(series: Series) -> str:
    if series.remark == KILLED:
        return f"over {LIMIT_S:.0f} s, killed"
    return "failed" if series.remark == FAILED else "not measured"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown, with figures to the right."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
