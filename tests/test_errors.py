"""Every error that there is: its code, its class and how it reads."""

import re
import typing
from collections import defaultdict

import pytest

from lambda_fn.errors import (
    DeadlineExceeded,
    InternalError,
    MigrateError,
    Whereabouts,
    account,
    answer,
    apply,
    connection,
    deadline,
    doctor,
    history,
    internal,
    request,
    settings,
)
from tests.error_reference import REFERENCE, Entry, all_warnings, entries, reference

# Codes that more than one function makes, because people meet the same thing in two forms.
SHARED = {
    "M104": {"not_a_migration", "only_one_of", "out_of_place", "wrong_value"},
    "M610": {"cut_off", "nothing_run"},
    "M113": {"name_not_spelt", "no_name"},
    "M111": {"durable_execution", "sent_as_records", "sent_by_sns", "sent_over_http"},
    "M205": {"secret_malformed", "secret_not_an_object", "secret_of_another_engine", "secret_spoilt"},
    "M206": {"directory_not_named", "directory_within", "no_directory", "empty_directory"},
    "M207": {"several_directories", "several_directories_near"},
    "M212": {"no_step", "not_atomic"},
    "M217": {"no_root_certificate", "root_certificate_not_a_path"},
    "M218": {"dotenv_unreadable", "dotenv_not_understood"},
    "M506": {"finished_steps_edited", "begun_step_edited"},
    "M605": {"no_time_left", "before_migration", "before_step"},
    "M607": {"during", "reading_credentials"},
    "M608": {"during_concurrent_statement", "during_statement_alone"},
    "M609": {"end_not_recorded_in_time", "unanswered", "unanswered_outside_transaction"},
    "M701": {"answer_undelivered", "answer_undelivered_by_proxy"},
    "M703": {"result_not_allowed", "result_not_sent", "result_not_taken_now", "result_undelivered"},
    "M322": {"port_refused", "forwarded_port_refused"},
    "P1001": {"unreachable", "forwarded_port_unreachable", "loopback_unreachable"},
    "P1011": {"certificate_not_trusted", "certificate_of_another_name", "tls_failed", "tls_not_offered"},
    "P1017": {"connection_closed", "connection_closed_outside_transaction"},
    "P3018": {"failed", "failed_at_step", "failed_outside", "leftover"},
}
STAGES = {
    request: "M1",
    settings: "M2",
    connection: "M3",
    doctor: "M3",
    history: "M5",
    apply: "M6",
    deadline: "M6",
    answer: "M7",
    account: "M8",
    internal: "M9",
}
EXIT_CODES = {
    "RequestInvalid": 2,
    "SettingsInvalid": 2,
    "DatabaseUnreachable": 3,
    "AwsUnavailable": 3,
    "LockTimeout": 3,
    "HistoryBlocked": 4,
    "MigrationFailed": 5,
    "DeadlineExceeded": 6,
    "InternalError": 70,
}

each_error = pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.function.__name__)


@each_error
def test_a_code_is_prismas_or_m_with_the_stage_of_its_module(entry: Entry) -> None:
    code = entry.error.code

    assert re.fullmatch(r"P[0-9]{4}|M[0-9]{3}", code)
    if code.startswith("M"):
        assert code.startswith("M9" if isinstance(entry.error, InternalError) else STAGES[entry.module])


@each_error
def test_the_docstring_begins_with_the_code_and_says_what_it_means(entry: Entry) -> None:
    assert (entry.function.__doc__ or "").startswith(f"{entry.error.code}: ")
    assert re.fullmatch(r".{12,}\.\)?", entry.meaning)
    assert not re.fullmatch(r"SQLSTATE \w+\.", entry.meaning), "a number is no explanation"


@each_error
def test_the_class_is_the_one_that_the_function_promises(entry: Entry) -> None:
    assert type(entry.error) is typing.get_type_hints(entry.function)["return"]


@each_error
def test_the_first_line_is_complete_by_itself(entry: Entry) -> None:
    error = entry.error

    assert error.headline == f"{error.code} {error.problem} {error.next_step}"
    assert len(error.headline.splitlines()) == 1
    assert error.text.splitlines()[0] == error.headline


@each_error
def test_what_happened_and_what_to_do_are_sentences(entry: Entry) -> None:
    """A link or Prisma's own example may end one: a full stop would become part of it."""
    for text in (entry.error.problem, entry.error.next_step):
        assert re.search(r'(\.|https://\S+[^.]|\(example: "\w+"\))$', text), text
        assert text[0].isupper() or text.startswith(("/", "lockWaitS", "migrate found", "2 migration(s)")), text


@each_error
def test_no_placeholder_is_left_where_a_value_is_not_known(entry: Entry) -> None:
    assert not re.search(r"\b(None|True|False|null)\b|\{\w*\}|  |\.\.|;\.|<|>", entry.error.headline)
    assert "None" not in entry.error.text


def test_a_code_stands_for_one_thing() -> None:
    functions = defaultdict(set)
    for entry in entries():
        functions[entry.error.code].add(entry.function.__name__)

    assert {code: names for code, names in functions.items() if len(names) > 1} == SHARED
    assert not {warning.code for warning in all_warnings()} & set(functions)


def test_every_error_is_made_by_one_of_the_modules() -> None:
    assert len({entry.function.__name__ for entry in entries()}) >= 40
    assert {entry.module for entry in entries()} == set(STAGES)


def test_exit_codes_are_public() -> None:
    assert {each.__name__: each.exit_code for each in MigrateError.__subclasses__()} == EXIT_CODES


def test_only_a_connection_that_was_lost_or_given_up_leaves_open_what_became_of_a_commit() -> None:
    lost_by_the_function, lost_by_who_invoked_it = {"P1017", "M609"}, {"M807", "M808", "M809", "M904"}
    cut_off_at_the_terminal = {"M610"}

    unknown = {entry.error.code for entry in entries() if entry.error.unknown}

    assert unknown == lost_by_the_function | lost_by_who_invoked_it | cut_off_at_the_terminal


def test_a_value_of_several_lines_does_not_break_the_first_line() -> None:
    error = MigrateError("M901", "It said:\nno.\r\nnever.", "Ask\nagain.", lines=("DETAIL: d",))

    assert error.text == "M901 It said: no. never. Ask again.\nDETAIL: d"
    assert str(error) == error.text


def test_the_text_is_headline_excerpt_and_further_lines() -> None:
    error = MigrateError("P3018", "a.", "b.", where=Whereabouts("m", excerpt="1 | x\n    ^"), lines=("HINT: h", "i"))

    assert error.text == "P3018 a. b.\n1 | x\n    ^\nHINT: h\ni"


def test_the_published_reference_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "run python -m tests.error_reference"


def test_the_reference_has_an_anchor_for_every_code() -> None:
    headings = re.findall(r"^### (\w+)$", reference(), re.MULTILINE)

    assert headings == sorted({entry.error.code for entry in entries()})
    assert all(f"[{code}](#{code.lower()})" in reference() for code in headings)


_NOT_OF_A_RUN = (
    "no_time_left",
    "reading_credentials",
    "nothing_run",
    "cut_off",
)  # before there is one that looks at an interruption
_OF_TIME = [each for each in entries() if each.module is deadline and each.function.__name__ not in _NOT_OF_A_RUN]


@pytest.mark.parametrize("entry", _OF_TIME, ids=lambda entry: entry.function.__name__)
def test_who_interrupts_a_run_is_not_told_of_a_time_that_was_up(entry: Entry) -> None:
    error = entry.error
    assert isinstance(error, DeadlineExceeded)

    said = deadline.interrupted(error)

    assert "run was interrupted" in said.problem
    assert "time was up" not in said.text
    assert "Timeout" not in said.text
    assert (said.code, said.where, said.unknown, bool(said.next_step)) == (error.code, error.where, error.unknown, True)
