"""The report of conformance."""

import random
import subprocess
import sys

from tests.conformance.report import Claim, problems, render
from tests.conformance.suites import SUITES, Suite
from tests.fixtures.projects import ROOT

SUITE = Suite("checksum", "where it stands", checks=3, not_applicable={"not_ours": "why"})
FIRST = Claim("checksum", "first", "test_checksum.py::test_first")
SECOND = Claim("checksum", "second", "test_checksum.py::test_second", differs="why")


def test_the_report_is_up_to_date_and_every_check_is_accounted_for_once() -> None:
    """In a process of its own: pytest does not collect while it runs."""
    command = [sys.executable, "-m", "tests.conformance.report", "--check"]

    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_suite_whose_checks_are_all_accounted_for_has_no_problem() -> None:
    assert problems([FIRST, SECOND], [SUITE]) == []


def test_a_check_that_two_tests_claim_is_a_problem() -> None:
    again = Claim("checksum", "first", "test_checksum.py::test_again")

    assert problems([FIRST, again, SECOND], [SUITE]) == ["checksum: first is claimed by 2 tests"]


def test_a_check_that_is_claimed_and_not_applicable_is_a_problem() -> None:
    claimed = Claim("checksum", "not_ours", "test_checksum.py::test_not_ours")

    assert problems([FIRST, SECOND, claimed], [SUITE]) == ["checksum: not_ours is claimed, and not applicable as well"]


def test_a_check_of_an_unknown_suite_or_one_that_is_missing_is_a_problem() -> None:
    unknown = Claim("checksums", "second", "test_checksum.py::test_second")

    assert problems([FIRST, unknown], [SUITE]) == [
        "checksum: 2 of 3 checks are accounted for",
        "checksums: no such suite (second)",
    ]


def test_the_report_does_not_depend_on_the_order_of_the_tests() -> None:
    claims = [Claim(suite.name, f"check_{number}", f"test_{number}") for suite in SUITES for number in range(3)]
    shuffled = random.sample(claims, len(claims))

    assert render(claims) == render(shuffled)
