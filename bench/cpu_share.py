"""How long the function takes with the share of a CPU that Lambda gives to a memory size."""

import functools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cold import APPLIED, Target, migrated, prepared
from bench.function import Running, package, running
from bench.results import Cell, Sample, Series
from bench.sections import Given, cell
from local.secrets_manager import LocalSecretsManager

MEMORY_SIZES_MB = (128, 256, 512, 1024, 1769)
FULL_CPU_MB = 1769
PERIOD_US = 20_000
FRESH_SIZES = (100, 1000)
WARM_INVOCATIONS = 3
_GROUPS = Path("/sys/fs/cgroup/cpu")
_SUBJECT = "function"
_END_LIMIT_S = 5.0


class CpuGroup:
    """A group of processes that together get a share of one CPU, for the length of a `with` block."""

    def __init__(self, share: float) -> None:
        self._directory = _GROUPS / f"bench-{os.getpid()}"
        self._quota_us = round(PERIOD_US * share)

    def __enter__(self) -> "CpuGroup":
        self._directory.mkdir()
        (self._directory / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (self._directory / "cpu.cfs_quota_us").write_text(str(self._quota_us))
        return self

    def __exit__(self, *exception: object) -> None:
        give_up_at_s = time.monotonic() + _END_LIMIT_S
        while True:
            try:
                self._directory.rmdir()
            except OSError:  # a process of it is not quite gone
                if time.monotonic() > give_up_at_s:
                    raise
                time.sleep(0.02)
            else:
                return

    def take_in(self, pid: int) -> None:
        """Limit a process from now on, with all its threads."""
        (self._directory / "cgroup.procs").write_text(str(pid))


def missing() -> str | None:
    """Why no share can be given here; None where it can."""
    if not (_GROUPS / "cpu.cfs_quota_us").exists():
        return f"{_GROUPS} is not there: this needs cgroups of version 1"
    return None if os.access(_GROUPS, os.W_OK) else f"{_GROUPS} cannot be written"


def cpu(given: Given) -> Iterator[Cell]:
    """A cell for each memory size; none where the machine cannot do it, which is said."""
    if (reason := missing()) is not None:
        print(f"no CPU shares: {reason}")
        return
    with package() as (packaged, _), migrated(given.place, APPLIED) as target, LocalSecretsManager() as manager:
        for memory_mb in MEMORY_SIZES_MB:
            measured = Shared(packaged, target, manager, memory_mb).series(given.few_rounds)
            yield cell("cpu", f"{memory_mb} MB", measured, given.few_rounds)


class Shared:
    """The function at one memory size."""

    def __init__(self, code: Path, target: Target, manager: LocalSecretsManager, memory_mb: int) -> None:
        self._code = code
        self._target = target
        self._manager = manager
        self._memory_mb = memory_mb
        self._samples: dict[str, list[Sample]] = {}

    def series(self, rounds: int) -> list[Series]:
        """All that is done at this size, in turns."""
        for _ in range(rounds):
            self._nothing_to_do("", self._target.variables)
            self._nothing_to_do(", Secrets Manager", self._target.with_secret(self._manager))
            for size in FRESH_SIZES:
                with prepared(self._target.place, size) as target:
                    self._life(target.variables, functools.partial(self._take, f"fresh {size}", "applied"))
        return [Series(_SUBJECT, what, tuple(samples)) for what, samples in self._samples.items()]

    def _nothing_to_do(self, suffix: str, variables: dict[str, str]) -> None:
        def life(started: Running) -> None:
            self._add(f"init{suffix}", Sample(started.init_ms, peak_mib=started.process.peak_memory_mib))
            self._take(f"first{suffix}", "upToDate", started)
            for _ in range(WARM_INVOCATIONS):
                self._take(f"warm{suffix}", "upToDate", started)

        self._life(variables, life)

    def _life(self, variables: dict[str, str], live: Callable[[Running], object]) -> None:
        """One process: its start at full CPU, as Lambda has it, and all that follows with the share."""
        with (
            CpuGroup(self._memory_mb / FULL_CPU_MB) as group,
            running(self._code, variables, self._memory_mb) as started,
        ):
            group.take_in(started.process.pid)
            live(started)

    def _take(self, what: str, expected: str, started: Running) -> None:
        self._add(what, started.invoke(expected))

    def _add(self, what: str, sample: Sample) -> None:
        self._samples.setdefault(what, []).append(sample)
