"""The tables of bench/RESULTS.md that compare tools, a function a section."""

from collections.abc import Iterator, Sequence

from bench import prose
from bench.figures import (
    BARE,
    FLOOR,
    NOTHING,
    OURS,
    highest,
    median_of,
    median_wall_ms,
    number,
    peak_mib,
    put,
    ratio,
    table,
    times,
)
from bench.results import FAILED, Cell, Results, Series
from bench.turns import FRESH, NOOP

_BESIDE = {FRESH: FLOOR, NOOP: BARE}
_TITLES = {FRESH: "fresh", NOOP: "nothing to do"}


def fresh(results: Results) -> str:
    """By round-trip time, a column for each number of migrations; then what the largest took of CPU and memory."""
    cells = results.of("fresh")
    parts = [prose.FRESH]
    for latency_ms in sorted({each.latency_ms for each in cells}):
        of_latency = [each for each in cells if each.latency_ms == latency_ms]
        parts += [f"### {_way(of_latency)}\n", *_by_work(of_latency)]
    largest = [each for each in cells if not each.latency_ms][-1:]
    return "\n".join([*parts, *(f"### CPU time and memory\n\n{_costs(cell)}" for cell in largest)])


def large(results: Results) -> str:
    """With the memory of both sides."""
    return "\n".join([prose.LARGE, *(f"{_way([cell])}:\n\n{_of_both_sides(cell)}\n" for cell in results.of("large"))])


def many(results: Results) -> str:
    """With how many times the time of a tenth it takes."""
    tenth = results.find("fresh", "1000")
    parts = [prose.MANY]
    for cell in results.of("many"):
        rows = (
            [_strong(subject), *(times(_growth(cell, tenth, subject, what)) for what in (FRESH, NOOP))]
            for subject in _subjects([cell])
        )
        parts += [_fresh_and_noop(cell) + "\n", table(("times N = 1000", "fresh", "nothing to do"), rows)]
    return "\n".join(parts)


def corpus(results: Results) -> str:
    """How much it is, and nothing more of whose it is."""
    cells = results.of("corpus")
    return "\n".join(f"{cell.detail}, {_way([cell])}:\n\n{_fresh_and_noop(cell)}\n" for cell in cells)


def durable(results: Results) -> str:
    """As fresh, on a disk."""
    cells = results.of("durable")
    return "\n".join([f"{prose.DURABLE}{cells[-1].detail}\n", *_by_work(cells)])


def prisma(results: Results) -> str:
    """Beside this program, and apart from all others."""
    cells = results.of("prisma")
    return "\n".join(
        [prose.PRISMA, *(f"N = {cell.work}, {_way([cell])}:\n\n{_fresh_and_noop(cell)}\n" for cell in cells)]
    )


def reasons(cells: Sequence[Cell]) -> Iterator[str]:
    """Why there is no figure where there is none."""
    for cell in cells:
        for each in cell.series:
            if each.reason:
                word = "failed" if each.remark == FAILED else "was not measured"
                place = f"N = {cell.work}, {cell.latency_ms:g} ms, {_TITLES[each.what]}"
                yield f"{each.subject} {word} ({place}): {each.reason}"


def _by_work(cells: Sequence[Cell]) -> Iterator[str]:
    """For each thing done a row a tool, a column a cell."""
    for what, title in _TITLES.items():
        head = (f"{title}, ms", *(f"N = {cell.work}" for cell in cells))
        subjects = [each for each in _subjects(cells) if any(cell.find(each, what) for cell in cells)]
        yield table(head, ([_strong(each), *(_put(cell, each, what) for cell in cells)] for each in subjects)) + "\n"


def _of_both_sides(cell: Cell) -> str:
    head = ("ms", "fresh", "client MiB", "server MiB (VmHWM)", "server MiB (own)")
    fields = ("peak_mib", "backend_peak_mib", "backend_own_mib")
    rows = (
        [
            _strong(each.subject),
            _put(cell, each.subject, FRESH),
            *(number(highest(each.samples, field)) for field in fields),
        ]
        for each in cell.series
        if each.what == FRESH
    )
    return table(head, rows)


def _fresh_and_noop(cell: Cell) -> str:
    head = ("ms", "fresh", "nothing to do", "fresh MiB", "nothing to do MiB")
    rows = (
        [
            _strong(subject),
            *(_put(cell, subject, what) for what in _TITLES),
            *(number(peak_mib(cell.find(subject, what))) for what in _TITLES),
        ]
        for subject in _subjects([cell])
    )
    return table(head, rows)


def _costs(cell: Cell) -> str:
    head = (f"N = {cell.work}", "fresh CPU ms", "nothing to do CPU ms", "fresh MiB", "nothing to do MiB")
    rows = (
        [
            _strong(subject),
            *(_cpu(cell.find(subject, what)) for what in _TITLES),
            *(number(peak_mib(cell.find(subject, what))) for what in _TITLES),
        ]
        for subject in _subjects([cell])
    )
    return table(head, rows)


def _put(cell: Cell, subject: str, what: str) -> str:
    """A figure, with what it is beside the floor and beside ours."""
    beside = [median_wall_ms(cell, each, what) for each in (_BESIDE[what], OURS)]
    return put(cell.find(subject, what), *beside)


def _growth(cell: Cell, tenth: Cell | None, subject: str, what: str) -> float | None:
    return ratio(median_wall_ms(cell, subject, what), median_wall_ms(tenth, subject, what))


def _cpu(series: Series | None) -> str:
    return NOTHING if series is None else number(median_of(each.cpu_ms for each in series.samples))


def _subjects(cells: Sequence[Cell]) -> list[str]:
    """All tools of the cells, in order."""
    return list(dict.fromkeys(each.subject for cell in cells for each in cell.series))


def _way(cells: Sequence[Cell]) -> str:
    """How much longer it is than to a server on the same machine."""
    latency_ms = cells[0].latency_ms
    if not latency_ms:
        return "no added round-trip time"
    added = sorted(each.rtt_ms for each in cells)
    span = f"{added[0]:.2f}" if added[0] == added[-1] else f"{added[0]:.2f} to {added[-1]:.2f}"
    return f"{latency_ms:g} ms of added round-trip time ({span} measured)"


def _strong(subject: str) -> str:
    return f"**{subject}**" if subject == OURS else subject
