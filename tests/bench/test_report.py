"""What the results say: medians with their spread, ratios, and never a figure where there is none."""

import re

import pytest

from bench.__main__ import SECTIONS
from bench.report import report
from bench.results import Results, Series
from bench.targets import verdicts
from tests.bench.figures_of import cell, compared, results, series


def row(document: str, subject: str, number: int = 0) -> str:
    """One of the rows of a tool."""
    rows: list[str] = re.findall(rf"^\| (?:\*\*)?{subject}(?:\*\*)? \|.*$", document, re.MULTILINE)
    return rows[number]


def test_a_figure_is_the_median_with_its_spread_beside_psql_and_beside_ours() -> None:
    measured = cell(
        series("psql", "fresh", 900, 1000, 2000),
        series("migrate-lambda", "fresh", 500),
        series("dbmate", "fresh", 9000, 2000, 2500),
    )

    assert "2,500 (2,000-9,000) · 2.50x · 5.00x" in row(report(results(measured)), "dbmate")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (series("yoyo", "fresh", 25_000, remark="once"), "25,000 †"),
        (series("yoyo", "fresh", remark="killed"), "over 180 s, killed"),
        (series("yoyo", "fresh", remark="failed", reason="exit code 1: no"), "failed"),
        (series("yoyo", "fresh", remark="missing", reason="not there"), "not measured"),
        (series("yoyo", "fresh"), "not measured"),
    ],
)
def test_what_is_out_of_the_ordinary_is_said_in_the_place_of_the_figure(measured: Series, expected: str) -> None:
    document = report(results(cell(measured)))

    assert row(document, "yoyo").startswith(f"| yoyo | {expected}")


def test_why_a_tool_has_no_figure_is_told_below_the_table() -> None:
    document = report(results(cell(series("yoyo", "fresh", remark="failed", reason="exit code 1: no"))))

    assert "- yoyo failed (N = 1000, 0 ms, fresh): exit code 1: no" in document


@pytest.mark.parametrize(
    ("latency_ms", "ours_ms", "met"), [(0, 1250, True), (0, 1251, False), (5, 900, True), (5, 901, False)]
)
def test_the_target_beside_psql_is_met_up_to_its_limit(latency_ms: float, ours_ms: float, met: bool) -> None:
    found = list(verdicts(results(compared(latency_ms, migrate_lambda=ours_ms))))

    [verdict] = [each for each in found if f"{latency_ms:g} ms of added" in each.target]
    assert verdict.met is met


def test_a_peer_that_is_faster_is_named_and_the_target_missed() -> None:
    found = list(verdicts(results(compared(1, dbmate=600.0))))

    [verdict] = [each for each in found if each.target == "1000 migrations, 1 ms: faster than every peer"]
    assert (verdict.met, verdict.measured) == (False, "dbmate, the next, takes 0.50x the time")


def test_neither_psql_nor_the_bare_driver_is_a_peer() -> None:
    found = list(verdicts(results(compared(0, psql=1.0))))

    [verdict] = [each for each in found if each.target == "1000 migrations, 0 ms: faster than every peer"]
    assert verdict.met is True


def test_without_figures_no_target_is_met_or_missed() -> None:
    assert {each.met for each in verdicts(Results())} == {None}


def test_a_section_that_was_not_measured_is_not_there() -> None:
    document = report(results(compared()))

    assert "## With fsync" not in document
    assert "## Fresh, and with nothing to do" in document


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_that_can_be_measured_has_a_heading_of_its_own(section: str) -> None:
    headings = [
        {line for line in report(results(*cells)).splitlines() if line.startswith("## ")}
        for cells in ([], [cell(series("psql", "fresh", 1.0), section=section)])
    ]

    assert len(headings[1] - headings[0]) == 1


def test_a_memory_size_is_told_with_what_is_billed_for_a_cold_start() -> None:
    measured = [
        series("function", what, time_ms)
        for what, time_ms in (("init, Secrets Manager", 250.0), ("first, Secrets Manager", 750.0))
    ]

    document = report(results(cell(*measured, section="cpu", work="512 MB")))

    assert row(document, "512 MB").endswith("| 512 |")


def test_what_10000_take_is_told_in_times_of_what_1000_take() -> None:
    many = cell(series("dbmate", "fresh", 33_000.0), section="many", work="10000")

    document = report(results(many, compared()))

    assert "| dbmate | 11.00x | - |" in document


def test_a_start_is_told_beside_the_import_of_psycopg_alone() -> None:
    measured = cell(
        series("import psycopg", "byte code", 200.0),
        series("import lambda_fn.handler", "byte code", 250.0),
        section="cold",
        work="interpreters",
    )

    assert "250 (250-250) · 1.25x" in row(report(results(measured)), "`import lambda_fn.handler`")
