"""The names of our sessions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.application_name import LIMIT_BYTES, application_name, deadline_of, run_of, watch_name

RUN = "9c1e7a52-0d0f-4a57-9c3b-3a8a0f6b1c2d"
RUN_IDS = st.one_of(st.text(max_size=90), st.text("a/1é\x00", max_size=90))
MOMENTS = st.floats(min_value=1, max_value=253_402_300_799)


def test_a_run_with_a_deadline_has_it_in_its_name_rounded_up() -> None:
    assert application_name(RUN, 1_700_000_000.2) == f"mig/{RUN}/1700000001"
    assert application_name(RUN, 1_700_000_000) == f"mig/{RUN}/1700000000"


def test_a_run_without_a_deadline_has_none() -> None:
    assert application_name(RUN, None) == f"mig/{RUN}"


@pytest.mark.parametrize("ends_at", [math.inf, math.nan, 1e300])
def test_a_deadline_that_never_comes_is_none(ends_at: float) -> None:
    assert application_name(RUN, ends_at) == f"mig/{RUN}"


@given(RUN_IDS, MOMENTS)
def test_the_deadline_is_read_back_whatever_the_run_is_called(run_id: str, ends_at: float) -> None:
    name = application_name(run_id, ends_at)

    assert deadline_of(name) == math.ceil(ends_at)
    assert len(name.encode()) <= LIMIT_BYTES
    assert name.isascii(), "a server would replace other letters, from PostgreSQL 16 on by longer ones"
    assert name.isprintable()


@given(RUN_IDS)
def test_no_run_id_is_taken_for_a_deadline(run_id: str) -> None:
    assert deadline_of(application_name(run_id, None)) is None
    assert deadline_of(watch_name(run_id)) is None
    assert len(watch_name(run_id)) <= LIMIT_BYTES


@given(RUN_IDS, MOMENTS, MOMENTS)
def test_two_names_of_one_run_name_the_same_run(run_id: str, first: float, second: float) -> None:
    second = max(second, first) if len(str(int(first))) == len(str(int(second))) else first

    assert run_of(application_name(run_id, first)) == run_of(application_name(run_id, second)) is not None


def test_a_long_run_id_is_cut_and_the_deadline_is_not() -> None:
    name = application_name("r" * 80, 1_700_000_000)

    assert name == f"mig/{'r' * 48}/1700000000"


def test_a_run_id_with_slashes_keeps_to_its_part_of_the_name() -> None:
    assert application_name("a/17", None) == "mig/a-17"
    assert application_name("a/17", 18) == "mig/a-17/18"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "prisma",
        "mig/x",
        "mig/x/",
        "mig/x/1700000000junk",
        "mig/x/1700000000/",
        "mig/x/1700000000\n",
        "mig/x/ 1700000000",
        "mig/x/-1700000000",
        "mig/x/01700000000",
        "mig/x/0",
        "mig/x/1e9",
        "mig/x/٣",
        "mig/x/1700000000000",
        "mig/x/y/1700000000",
        "MIG/x/1700000000",
        "xmig/x/1700000000",
        "mig-watch/x/1700000000",
        "my mig/x/1700000000",
    ],
)
def test_what_is_not_exactly_ours_has_no_deadline(name: str) -> None:
    assert deadline_of(name) is None


@pytest.mark.parametrize("name", ["", "prisma", "mig", "migrate/x", "mig-watch/x", "mig/x/y/1700000000"])
def test_what_is_not_exactly_ours_is_of_no_run(name: str) -> None:
    assert run_of(name) is None


def test_a_watch_is_recognised_by_its_name() -> None:
    assert watch_name(RUN) == f"mig-watch/{RUN}"
