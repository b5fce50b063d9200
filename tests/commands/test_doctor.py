"""Doctor: every check is told, whatever the others come to."""

from collections.abc import Mapping

import pytest

from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.commands.doctor import doctor
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.check import CheckName, Doubt, Finding, NotLookedAt, NotNeeded, Result
from lambda_fn.domain.check_event import Checked
from lambda_fn.domain.outcome import Outcome, Status, to_json
from lambda_fn.domain.request import Action, Request
from lambda_fn.errors import DatabaseUnreachable, HistoryBlocked
from tests.fakes import RUN_ID
from tests.fixtures.projects import RecordingReporter, check_outcome

ERROR = DatabaseUnreachable("M322", "Nothing listens.", "Start it.")
OF_SESSION = tuple(CheckName)[tuple(CheckName).index(CheckName.LOGIN) + 1 : -1]
"""What is looked at in a session; the last check is none of it."""


class FakeProbes:
    """Finds what it is told to find, an exception to raise among it; all else is in order."""

    def __init__(self, found: Mapping[CheckName, Finding | Exception]) -> None:
        self._found = found
        self.looked_at: list[CheckName] = []

    def look(self, name: CheckName) -> Finding:
        """What was told, or that it is in order."""
        self.looked_at.append(name)
        found = self._found.get(name, "in order")
        if isinstance(found, Exception):
            raise found
        return found


class Examined:
    """What doctor made of some findings."""

    def __init__(self, found: Mapping[CheckName, Finding | Exception]) -> None:
        draft, self.probes, reporter = Draft(Request(Action.DOCTOR), RUN_ID), FakeProbes(found), RecordingReporter()
        doctor(draft, self.probes, reporter)
        self.outcome: Outcome = draft.outcome(None, elapsed_ms=0)
        check_outcome(to_json(self.outcome))
        assert [event.check for event in reporter.events if isinstance(event, Checked)] == list(self.outcome.checks)
        not_needed = [name for name, finding in found.items() if isinstance(finding, NotNeeded)]
        assert [check.name for check in self.outcome.checks] == [each for each in CheckName if each not in not_needed]

    @property
    def failed(self) -> list[CheckName]:
        """The checks that failed."""
        return [check.name for check in self.outcome.checks if check.result is Result.FAILED]

    @property
    def unknown(self) -> dict[CheckName, str]:
        """What is unknown, and what is said of it."""
        return {check.name: check.message for check in self.outcome.checks if check.result is Result.UNKNOWN}


def test_where_all_is_in_order_every_check_is_told_once_and_in_order() -> None:
    examined = Examined({})

    assert examined.outcome.status is Status.PASSED
    assert (examined.failed, examined.unknown) == ([], {})
    assert examined.probes.looked_at == list(CheckName)
    assert (examined.outcome.error, exit_code(examined.outcome)) == (None, 0)


@pytest.mark.parametrize(
    ("name", "not_looked_at"),
    [
        (CheckName.DIRECTORY, ()),
        (CheckName.SECRET, ()),
        (CheckName.DNS, (CheckName.PORT, CheckName.TLS, CheckName.LOGIN, *OF_SESSION)),
        (CheckName.PORT, (CheckName.TLS, CheckName.LOGIN, *OF_SESSION)),
        (CheckName.TLS, (CheckName.LOGIN, *OF_SESSION)),
        (CheckName.LOGIN, OF_SESSION),
        *((name, ()) for name in OF_SESSION),
        (CheckName.CODE_DEPLOY, ()),
    ],
)
def test_what_needs_a_failed_check_is_unknown_and_all_else_is_looked_at(
    name: CheckName, not_looked_at: tuple[CheckName, ...]
) -> None:
    examined = Examined({name: ERROR})

    assert examined.outcome.status is Status.FAILED
    assert examined.failed == [name]
    assert examined.unknown == dict.fromkeys(not_looked_at, f"not looked at: needs {name}")
    assert examined.probes.looked_at == [each for each in CheckName if each not in not_looked_at]


@pytest.mark.parametrize("name", CheckName)
def test_a_doubt_about_a_check_keeps_nobody_from_looking_further(name: CheckName) -> None:
    examined = Examined({name: Doubt("It is odd.", "Look at it.")})

    assert examined.outcome.status is Status.PASSED
    assert examined.unknown == {name: "It is odd."}
    assert (examined.probes.looked_at, exit_code(examined.outcome)) == (list(CheckName), 0)


def test_what_a_probe_could_not_look_at_itself_names_the_one_that_is_to_blame() -> None:
    examined = Examined({CheckName.SECRET: ERROR, CheckName.DNS: NotLookedAt((CheckName.SECRET,))})

    needing = (CheckName.DNS, CheckName.PORT, CheckName.TLS, CheckName.LOGIN, *OF_SESSION)
    assert examined.unknown == dict.fromkeys(needing, "not looked at: needs secret")


def test_what_is_not_needed_is_not_told_and_all_else_is() -> None:
    examined = Examined({CheckName.CODE_DEPLOY: NotNeeded(), CheckName.LOCK: Doubt("It is odd.")})

    assert examined.outcome.status is Status.PASSED
    assert [check.name for check in examined.outcome.checks] == list(CheckName)[:-1]
    assert examined.unknown == {CheckName.LOCK: "It is odd."}


def test_an_exception_that_is_none_of_ours_is_a_failed_check_that_repeats_nothing() -> None:
    examined = Examined({CheckName.DNS: LookupError("hunter2"), CheckName.LOGIN: ImportError(name="psycopg")})

    [dns] = [check for check in examined.outcome.checks if check.name is CheckName.DNS]
    assert examined.failed == [CheckName.DNS]
    assert dns.error is not None
    assert (dns.error.code, "LookupError" in dns.message, "hunter2" in dns.sentence) == ("M900", True, False)


def test_a_module_that_is_missing_is_named() -> None:
    examined = Examined({CheckName.LOGIN: ImportError("no", name="psycopg")})

    [login] = [check for check in examined.outcome.checks if check.name is CheckName.LOGIN]
    assert login.error is not None
    assert (login.error.code, "psycopg" in login.message) == ("M902", True)


def test_the_exit_code_is_that_of_the_first_failed_check() -> None:
    blocked = HistoryBlocked("P3009", "It failed.", "Resolve it.")

    assert exit_code(Examined({CheckName.RIGHTS: ERROR, CheckName.HISTORY: blocked}).outcome) == 3
    assert exit_code(Examined({CheckName.HISTORY: blocked, CheckName.LOCK: ERROR}).outcome) == 4
