"""Only what was done is measured: on a real server, with psql and with tools that are worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.place import Place
from bench.results import Series
from bench.tools.psql import Psql
from bench.tools.tool import Command, Tool
from bench.turns import Contest
from bench.work import Migration, generated


@dataclass(frozen=True, slots=True)
class Shell:
    """A tool that is a line of shell; `$1` is the URL."""

    script: str
    name: str = "shell"
    keeps_history: bool = True
    applies: bool = True
    reason: str | None = None

    def missing(self) -> str | None:
        return self.reason

    def lay_out(self, migrations: Sequence[Migration], home: Path) -> None:
        (home / "names").write_text("\n".join(each.name for each in migrations))

    def command(self, url: str, home: Path) -> Command:
        return Command(("/bin/sh", "-c", self.script, "sh", url), home)

    def version(self) -> str:
        return "1"


def psql(place: Place) -> Psql:
    address = place.server.address
    return Psql(address.bin_directory / "psql", address.version)


def measured(place: Place, tool: Tool, rounds: int = 1, latency_ms: float = 0) -> tuple[Series, ...]:
    return Contest(place, generated(2), latency_ms).measure([tool], rounds)


def test_each_round_but_the_first_counts_on_a_database_of_its_own(place: Place) -> None:
    [fresh] = measured(place, psql(place), rounds=2)

    assert (fresh.subject, fresh.what, fresh.remark, len(fresh.samples)) == ("psql", "fresh", "", 2)
    assert all(each.wall_ms > 1 for each in fresh.samples)


def test_a_tool_that_makes_fewer_tables_has_failed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    [fresh] = measured(place, Shell("echo all is well"))

    assert (fresh.remark, fresh.reason, fresh.samples) == ("failed", "0 tables, not 2", ())
    assert "all is well" in capsys.readouterr().err


def test_what_a_failing_tool_said_is_shown_without_the_password(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    [fresh] = measured(place, Shell('echo "cannot reach $1"; exit 7'))

    assert fresh.reason.startswith("exit code 7: cannot reach postgresql://postgres:***@127.0.0.1")
    assert place.server.address.password not in capsys.readouterr().err


def test_a_tool_that_is_not_there_is_said_to_be_missing(place: Place) -> None:
    [fresh] = measured(place, Shell("", reason="it is not installed"))

    assert (fresh.remark, fresh.reason) == ("missing", "it is not installed")


def test_a_longer_way_costs_each_tool_its_round_trips(place: Place) -> None:
    [near], [far] = (measured(place, psql(place), latency_ms=latency_ms) for latency_ms in (0, 30.0))

    # Start-up and login are three, each of the four statements is one.
    assert far.samples[0].wall_ms > near.samples[0].wall_ms + 5 * 30


def test_no_database_is_left_behind(place: Place) -> None:
    measured(place, psql(place))

    with place.server.connect() as session:
        left = session.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'").fetchall()
    assert left == []
