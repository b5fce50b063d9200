"""`make bench`: measures, keeps every sample in bench/results.json, and writes bench/RESULTS.md and the chart of it."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bench import results, sections
from bench.chart import chart
from bench.cold import cold
from bench.cpu_share import cpu
from bench.machine import machine, versions
from bench.place import place_in_memory
from bench.process import adopting_orphans
from bench.report import report
from bench.results import FAILED, Cell
from bench.sections import SIZES, Given
from bench.tools.prisma import Prisma

_HERE = Path(__file__).parent
RESULTS, REPORT, CHART = _HERE / "results.json", _HERE / "RESULTS.md", _HERE / "results.svg"
_Section = Callable[[Given], Iterator[Cell]]
SECTIONS: Mapping[str, _Section] = {
    "fresh": sections.fresh,
    "large": sections.large_script,
    "many": sections.many,
    "corpus": sections.corpus,
    "durable": sections.durable,
    "prisma": sections.prisma,
    "cold": cold,
    "cpu": cpu,
}
_SAME = {"noop": "fresh"}  # measured together


def main() -> int:
    """Measure what is asked for; 1 where a tool failed at something that every tool can do."""
    given = _parser().parse_args()
    if given.write_only:
        _write(results.read(RESULTS))
        return 0
    try:
        return _measure(given)
    except KeyboardInterrupt:
        print("interrupted: what was measured until now is kept")
        return 130


def _measure(given: argparse.Namespace) -> int:
    load = machine()
    chosen = dict.fromkeys(_SAME.get(name, name) for name in given.only)
    with adopting_orphans(), place_in_memory() as place:
        asked = Given(place, given.rounds, given.sizes, given.corpus)
        found = versions([*asked.tools(), Prisma()], place.server.address.version)
        failed = [cell for name in chosen for cell in _measured(name, asked, load, found) if _has_failure(cell)]
    return 1 if failed else 0


def _measured(name: str, asked: Given, load: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Cell]:
    """The cells of a section, each kept as soon as it is done."""
    began_s = time.monotonic()
    for cell in SECTIONS[name](asked):
        kept = results.read(RESULTS).on_machine(load).with_cell(cell)
        _write(replace(kept, machine=load, versions=found))
        print(f"{name}: {cell.work} at {cell.latency_ms:g} ms, {time.monotonic() - began_s:.0f} s so far", flush=True)
        yield cell


def _write(measured: results.Results) -> None:
    results.write(measured, RESULTS)
    REPORT.write_text(report(measured), encoding="utf-8")
    CHART.write_text(chart(measured), encoding="utf-8")


def _has_failure(cell: Cell) -> bool:
    """What a tool cannot do with a real project, or with one enormous script, is a result."""
    return cell.section not in ("corpus", "large") and any(each.remark == FAILED for each in cell.series)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=_positive, default=7, help="that count, after one that does not (default: 7)")
    parser.add_argument("--only", type=_names, default=list(SECTIONS), metavar="NAME,NAME", help=", ".join(SECTIONS))
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="N,N", help="numbers of generated migrations")
    parser.add_argument("--corpus", type=_project, metavar="DIR", help="the migrations directory of a real project")
    parser.add_argument("--write-only", action="store_true", help="measure nothing, write the tables of results.json")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a number above 0: {text}")
    return int(text)


def _project(text: str) -> Path:
    if not any(Path(text).glob("*/migration.sql")):
        raise argparse.ArgumentTypeError(f"no migrations in {text}")
    return Path(text)


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in {*SECTIONS, *_SAME}:
            raise argparse.ArgumentTypeError(f"not a section: {name}")
    return names


def _sizes(text: str) -> list[int]:
    return [_positive(each) for each in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
