"""What was measured, as it is kept in bench/results.json: every sample, by cell."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_LOAD = "load before"
ONCE, KILLED, FAILED = "once", "killed", "failed"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. The server's side of it is watched where its memory is the question."""

    wall_ms: float
    cpu_ms: float | None = None
    peak_mib: float | None = None
    backend_peak_mib: float | None = None
    backend_own_mib: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """All counted runs of one subject doing one thing.

    `remark` says what is out of the ordinary: `once` (too slow to be repeated), `killed`, `failed` or `missing`, the
    latter two with the reason in `reason`.
    """

    subject: str
    what: str
    samples: tuple[Sample, ...] = ()
    remark: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured side by side, in turns: `rtt_ms` is what the way added, as measured."""

    section: str
    work: str
    latency_ms: float
    rtt_ms: float
    rounds: int
    measured_at: str
    revision: str
    series: tuple[Series, ...]
    detail: str = ""

    @property
    def key(self) -> tuple[str, str, float]:
        """What it replaces when it is measured again."""
        return self.section, self.work, self.latency_ms

    def find(self, subject: str, what: str) -> Series | None:
        """One of the series."""
        return next((each for each in self.series if (each.subject, each.what) == (subject, what)), None)

    def subjects(self, what: str) -> list[str]:
        """Who did that, in order."""
        return [each.subject for each in self.series if each.what == what]


@dataclass(frozen=True, slots=True)
class Results:
    """All cells, with the machine and the versions of the last run."""

    cells: tuple[Cell, ...] = ()
    machine: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def on_machine(self, machine: Mapping[str, str]) -> "Results":
        """These, or none where they are another machine's: ratios hold on one machine only."""
        known, now = ({key: value for key, value in each.items() if key != _LOAD} for each in (self.machine, machine))
        return self if known == now else Results()

    def with_cell(self, cell: Cell) -> "Results":
        """With the cell in the place of the one that it measures again."""
        return replace(self, cells=(*(each for each in self.cells if each.key != cell.key), cell))

    def of(self, section: str) -> list[Cell]:
        """The cells of a section, in order of work and latency."""
        cells = [each for each in self.cells if each.section == section]
        return sorted(cells, key=lambda cell: (_size(cell.work), cell.latency_ms))

    def find(self, section: str, work: str, latency_ms: float = 0) -> Cell | None:
        """One cell."""
        return next((each for each in self.cells if each.key == (section, work, latency_ms)), None)


def read(path: Path) -> Results:
    """What is kept in a file; nothing where there is none yet."""
    if not path.exists():
        return Results()
    content = json.loads(path.read_text())
    return Results(tuple(map(_cell, content["cells"])), content["machine"], content["versions"])


def write(results: Results, path: Path) -> None:
    """Keep it in a file, a line for each series."""
    content = dataclasses.asdict(replace(results, cells=()))
    lines = ",\n".join(_lines(each) for each in results.cells)
    head = json.dumps({key: value for key, value in content.items() if key != "cells"}, indent=1)
    path.write_text(f'{head[:-2]},\n "cells": [\n{lines}\n ]\n}}\n')


def _lines(cell: Cell) -> str:
    head = {key: value for key, value in dataclasses.asdict(replace(cell, series=())).items() if key != "series"}
    series = ",\n   ".join(json.dumps(_short(dataclasses.asdict(each))) for each in cell.series)
    return f'  {json.dumps(head)[:-1]}, "series": [\n   {series}]}}'


def _short(series: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known, and to the digit that means something."""
    samples = [{key: round(value, 2) for key, value in each.items() if value is not None} for each in series["samples"]]
    return {**series, "samples": samples}


def _cell(content: dict[str, Any]) -> Cell:
    return Cell(**{**content, "series": tuple(_series(each) for each in content["series"])})


def _series(content: dict[str, Any]) -> Series:
    return Series(**{**content, "samples": tuple(Sample(**each) for each in content["samples"])})


def _size(work: str) -> tuple[int, str]:
    head = work.split(" ", maxsplit=1)[0]
    return (int(head) if head.isdigit() else 0, work)
