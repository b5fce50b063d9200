"""Figures to write documents of, without measuring any."""

from collections.abc import Mapping

from bench.results import Cell, Results, Sample, Series

FRESH_MS: Mapping[str, float] = {"psql": 1000.0, "migrate-lambda": 1200.0, "dbmate": 3000.0}
NOOP_MS: Mapping[str, float] = {"migrate-lambda": 300.0, "dbmate": 40.0, "bare psycopg": 200.0}


def series(subject: str, what: str, *walls_ms: float, remark: str = "", reason: str = "") -> Series:
    """A series of runs that took so long."""
    return Series(subject, what, tuple(Sample(each, each / 2, 40.0) for each in walls_ms), remark, reason)


def cell(*measured: Series, section: str = "fresh", work: str = "1000", latency_ms: float = 0) -> Cell:
    """A cell of these series."""
    return Cell(section, work, latency_ms, latency_ms, 3, "2026-01-01 00:00 UTC", "abc", measured, "1 migrations")


def compared(latency_ms: float = 0, **fresh_ms: float) -> Cell:
    """1000 migrations, applied by some tools."""
    fresh = {**FRESH_MS, **{name.replace("_", "-"): value for name, value in fresh_ms.items()}}
    measured = [series(name, "fresh", value) for name, value in fresh.items()]
    return cell(*measured, *(series(name, "noop", value) for name, value in NOOP_MS.items()), latency_ms=latency_ms)


def results(*cells: Cell) -> Results:
    """These cells, measured on no machine."""
    return Results(cells, {"CPU": "none"}, {"psql": "18.6"})
