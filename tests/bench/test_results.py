"""A part that is measured again takes the place of that part only, and nothing is lost in the file."""

from pathlib import Path

from bench import results
from bench.results import Results, Sample
from tests.bench.figures_of import cell, compared, series
from tests.bench.figures_of import results as results_of


def test_a_cell_that_is_measured_again_takes_the_place_of_itself_only() -> None:
    before = results_of(compared(0), compared(5))
    again = compared(5, dbmate=9000.0)

    after = before.with_cell(again)

    assert after.find("fresh", "1000", 5) == again
    assert after.find("fresh", "1000", 0) == compared(0)
    assert len(after.cells) == 2


def test_the_file_gives_back_what_was_kept_in_it(tmp_path: Path) -> None:
    watched = Sample(1.5, backend_peak_mib=73.25)
    kept = results_of(compared(), cell(series("yoyo", "fresh", remark="failed", reason='exit code 1: "x"\n')))
    kept = kept.with_cell(cell(results.Series("psql", "fresh", (watched,)), section="large", work="50 MB"))
    path = tmp_path / "results.json"

    results.write(kept, path)

    assert results.read(path) == kept


def test_without_a_file_nothing_has_been_measured(tmp_path: Path) -> None:
    assert results.read(tmp_path / "none.json") == Results()


def test_an_empty_file_of_results_can_be_read_again(tmp_path: Path) -> None:
    results.write(Results(), tmp_path / "results.json")

    assert results.read(tmp_path / "results.json") == Results()


def test_cells_come_in_the_order_of_their_work_whatever_was_measured_first() -> None:
    cells = [
        cell(work=work, latency_ms=latency)
        for work, latency in (("1024 MB", 0), ("128 MB", 5), ("128 MB", 0), ("512 MB", 0))
    ]

    ordered = [(each.work, each.latency_ms) for each in results_of(*cells).of("fresh")]

    assert ordered == [("128 MB", 0), ("128 MB", 5), ("512 MB", 0), ("1024 MB", 0)]


def test_figures_of_another_machine_are_left_out_and_its_load_is_no_other_machine() -> None:
    here = {"CPU": "one", "load before": "0.10"}
    kept = Results(results_of(compared()).cells, here)

    assert kept.on_machine({**here, "load before": "3.00"}) == kept
    assert kept.on_machine({**here, "CPU": "another"}) == Results()
