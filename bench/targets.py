"""What the figures are to be, each beside what they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import BARE, FLOOR, OURS, median_wall_ms, number, peak_mib, ratio, table, times
from bench.results import Cell, Results
from bench.turns import FRESH, NOOP

_URL, _SECRET = "DATABASE_URL", "Secrets Manager"
_FILE_MIB = 50_000_000 / 2**20
_NOT_PEERS = (OURS, FLOOR, BARE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, what was measured, and whether that meets it; None where it was not measured."""

    target: str
    measured: str
    met: bool | None


def verdicts(results: Results) -> Iterator[Verdict]:
    """All targets."""
    yield from _fresh(results)
    yield from _noop(results)
    yield from _many(results)
    yield from _large(results)
    yield from _memory(results)
    yield from _imports(results)


def targets(results: Results) -> str:
    """All targets as a table."""
    words = {True: "met", False: "**missed**", None: "not measured"}
    return table(
        ("target", "measured", ""), ((each.target, each.measured, words[each.met]) for each in verdicts(results))
    )


def _at_most(target: str, value: float | None, limit: float, put: Callable[[float | None], str]) -> Verdict:
    return Verdict(target, put(value), None if value is None else value <= limit)


def _fresh(results: Results) -> Iterator[Verdict]:
    for latency_ms, limit in ((0.0, 1.25), (5.0, 0.9)):
        cell = results.find("fresh", "1000", latency_ms)
        value = ratio(median_wall_ms(cell, OURS, FRESH), median_wall_ms(cell, FLOOR, FRESH))
        what = f"1000 migrations, {latency_ms:g} ms of added round-trip time: at most {limit}x psql"
        yield _at_most(what, value, limit, times)
    for latency_ms in (0.0, 1.0, 5.0):
        yield _fastest(results.find("fresh", "1000", latency_ms), latency_ms)


def _fastest(cell: Cell | None, latency_ms: float) -> Verdict:
    target = f"1000 migrations, {latency_ms:g} ms: faster than every peer"
    ours = median_wall_ms(cell, OURS, FRESH)
    subjects = cell.subjects(FRESH) if cell else []
    peers = {
        each: time_ms
        for each in subjects
        if each not in _NOT_PEERS
        if (time_ms := median_wall_ms(cell, each, FRESH)) is not None
    }
    if ours is None or not peers:
        return Verdict(target, "", None)
    nearest = min(peers, key=lambda each: peers[each])
    return Verdict(target, f"{nearest}, the next, takes {times(peers[nearest] / ours)} the time", ours < peers[nearest])


def _noop(results: Results) -> Iterator[Verdict]:
    cell = results.find("cold", "function")
    warm, connect = (median_wall_ms(cell, _URL, what) for what in ("warm", "connect"))
    more_ms = None if warm is None or connect is None else warm - connect
    what = "nothing to do, 1000 applied, warm function: connect + at most 50 ms"
    yield _at_most(what, more_ms, 50, lambda value: f"connect + {number(value)} ms")
    cell = results.find("fresh", "1000")
    value = ratio(median_wall_ms(cell, OURS, NOOP), median_wall_ms(cell, BARE, NOOP))
    what = "nothing to do, 1000 applied, whole process: at most 1.3x a Python process that connects and asks one query"
    yield _at_most(what, value, 1.3, times)


def _many(results: Results) -> Iterator[Verdict]:
    many, fewer = results.find("many", "10000"), results.find("fresh", "1000")
    noop = many.find(OURS, NOOP) if many else None
    elapsed_ms = median_wall_ms(many, OURS, NOOP)
    yield _at_most("10,000 applied, nothing to do: at most 1.5 s", elapsed_ms, 1500, lambda ms: f"{number(ms)} ms")
    yield _at_most("10,000 applied, nothing to do: at most 150 MiB", peak_mib(noop), 150, _mib)
    value = ratio(median_wall_ms(many, OURS, FRESH), median_wall_ms(fewer, OURS, FRESH))
    yield _at_most("fresh 10,000 / fresh 1000: at most 12", value, 12, times)


def _large(results: Results) -> Iterator[Verdict]:
    cell = results.find("large", "50 MB")
    series = cell.find(OURS, FRESH) if cell else None
    samples = series.samples if series else ()
    yield _at_most(
        "a script of 50 MB, this program: at most 64 MiB and the file", peak_mib(series), 64 + _FILE_MIB, _mib
    )
    peaks = [each.backend_peak_mib for each in samples if each.backend_peak_mib is not None]
    yield _at_most("a script of 50 MB, the server's process: at most 100 MiB", max(peaks, default=None), 100, _mib)


def _memory(results: Results) -> Iterator[Verdict]:
    fresh = results.find("fresh", "1000")
    peak = peak_mib(fresh.find(OURS, FRESH)) if fresh else None
    yield _at_most("the terminal, applying 1000 migrations: at most 64 MiB", peak, 64, _mib)
    cell = results.find("cold", "function")
    for subject, limit in ((_URL, 64), (_SECRET, 96)):
        value = peak_mib(cell.find(subject, "warm")) if cell else None
        yield _at_most(f"the function, 1000 applied, {subject}: at most {limit} MiB", value, limit, _mib)


def _imports(results: Results) -> Iterator[Verdict]:
    cell = results.find("cold", "interpreters")
    alone = median_wall_ms(cell, "import psycopg", "byte code")
    for subject in cell.subjects("byte code") if cell else ("import lambda_fn.handler",):
        if subject.startswith("import lambda_fn.handler"):
            value = ratio(median_wall_ms(cell, subject, "byte code"), alone)
            yield _at_most(f"`{subject}`: at most 1.35x `import psycopg`", value, 1.35, times)


def _mib(value: float | None) -> str:
    return f"{number(value)} MiB"
