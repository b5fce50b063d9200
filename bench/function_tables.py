"""The tables of bench/RESULTS.md that tell of the function: its cold start, and what a memory size makes of it."""

from bench import prose
from bench.cpu_share import FRESH_SIZES
from bench.figures import NOTHING, median_wall_ms, number, peak_mib, put, table
from bench.results import Cell, Results

_ALONE = "import psycopg"
_FUNCTION = "function"
_BYTE_CODE = ("byte code", "no byte code")
_PARTS = {
    "init": "start",
    "first": "first invocation",
    "warm": "warm invocation",
    "connect": "bare connect",
}
_SHARED_PARTS = {
    "init": "start",
    "first": "first, nothing to do",
    "first, Secrets Manager": "the same with Secrets Manager",
    "warm": "warm, nothing to do",
    **{f"fresh {size}": f"first, {size} to apply" for size in FRESH_SIZES},
}


def cold(results: Results) -> str:
    """Interpreters, and the function."""
    interpreters, function = (results.find("cold", work) for work in ("interpreters", "function"))
    parts = [prose.INTERPRETERS, _interpreters(interpreters) + "\n"] if interpreters else []
    return "\n".join(parts + ([prose.FUNCTION, _function(function)] if function else []))


def _interpreters(cell: Cell) -> str:
    alone = median_wall_ms(cell, _ALONE, _BYTE_CODE[0])
    rows = (
        [
            f"`{subject}`",
            *(put(cell.find(subject, what), alone) for what in _BYTE_CODE),
            number(peak_mib(cell.find(subject, _BYTE_CODE[0]))),
        ]
        for subject in cell.subjects(_BYTE_CODE[0])
    )
    return table(("ms", *_BYTE_CODE, "MiB"), rows)


def _function(cell: Cell) -> str:
    rows = (
        [subject, *(put(cell.find(subject, what)) for what in _PARTS), number(peak_mib(cell.find(subject, "warm")))]
        for subject in cell.subjects("init")
    )
    return table(("ms", *_PARTS.values(), "MiB"), rows)


def cpu(results: Results) -> str:
    """A row a memory size."""
    rows = (
        [
            cell.work,
            *(put(cell.find(_FUNCTION, what)) for what in _SHARED_PARTS),
            number(_most_mib(cell)),
            _billed(cell),
        ]
        for cell in results.of("cpu")
    )
    return "\n".join([prose.CPU, table(("ms", *_SHARED_PARTS.values(), "MiB", "MB·s"), rows)])


def _most_mib(cell: Cell) -> float | None:
    return max((peak for each in cell.series if (peak := peak_mib(each)) is not None), default=None)


def _billed(cell: Cell) -> str:
    parts = [median_wall_ms(cell, _FUNCTION, f"{what}, Secrets Manager") for what in ("init", "first")]
    if None in parts:
        return NOTHING
    return number(int(cell.work.split()[0]) * sum(part for part in parts if part is not None) / 1000)
