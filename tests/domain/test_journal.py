"""The journal in the last line of a row's logs: what is written is read, and nothing else is taken for it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fn.domain.failure import attempts_in, journal_logs, logs_text
from lambda_fn.domain.history import MigrationRecord
from lambda_fn.domain.journal import OURS, Journal, ours_in
from lambda_fn.domain.server_error import ServerError
from lambda_fn.errors import Whereabouts

RUN_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
CHAIN = "0123456789abcdef" * 2
HALF = Journal(steps=7, done=2, chain=CHAIN, begun=3, before="16384", attempts=1)
FULL_LOGS, FIRST, LAST = 5000, 4000, 1000  # of postgres/sql.py: LIST
VALUES = {
    "attempts": 1,
    "run": RUN_ID,
    "steps": 7,
    "done": 2,
    "chain": CHAIN,
    "begun": None,
    "before": "",
    "begunChain": "",
}


def as_listed(logs: str) -> str:
    """What LIST of postgres/sql.py gives of the column."""
    return f"{logs[:FIRST]}\n{logs[-LAST:]}" if len(logs) > FULL_LOGS else logs


def with_values(**changes: object) -> str:
    return json.dumps({OURS: {**VALUES, **changes}})


def of_failure(message: str, journal: Journal) -> str:
    error = ServerError("22012", message)
    return journal_logs(error, Whereabouts("20240101000000_a", excerpt="    2 | SELECT 1/0;"), journal, RUN_ID)


COUNTS = st.integers(0, 2**31)
JOURNALS = st.builds(
    lambda done, left, is_begun, **more: Journal(done + left, done, begun=done + 1 if is_begun else None, **more),
    done=COUNTS,
    left=COUNTS,
    is_begun=st.booleans(),
    chain=st.text("0123456789abcdef", max_size=32),
    before=st.just("") | COUNTS.map(str),
    attempts=COUNTS,
)


@given(JOURNALS, st.text(max_size=40))
def test_what_is_written_is_read(journal: Journal, run_id: str) -> None:
    assert Journal.read(journal.line(run_id)) == journal


@given(JOURNALS, st.text(max_size=6000))
def test_it_is_read_behind_whatever_the_server_said(journal: Journal, message: str) -> None:
    logs = of_failure(message, journal)

    assert Journal.read(logs) == journal
    assert Journal.read(as_listed(logs)) == journal
    assert attempts_in(logs) == journal.attempts


def test_the_line_names_the_run_and_is_one_line() -> None:
    line = HALF.line("run\n\N{LINE SEPARATOR}1")

    assert len(line.splitlines()) == 1
    assert ours_in(line)["run"] == "run\n\N{LINE SEPARATOR}1"


@pytest.mark.parametrize("length", [0, FULL_LOGS - 600, FULL_LOGS, FULL_LOGS + 1, 100_000])
def test_the_longest_line_survives_the_cut_of_long_logs(length: int) -> None:
    """A million steps and the largest oid; an application name allows a run of no more than 63 characters."""
    longest = Journal(10**6, 10**6 - 1, CHAIN, 10**6, str(2**32 - 1), 10**6)
    logs = of_failure("x" * length, longest)

    assert len(longest.line("r" * 63)) < LAST
    assert Journal.read(as_listed(logs)) == longest


def test_what_was_cut_off_is_no_journal() -> None:
    line = HALF.line(RUN_ID)

    assert all(Journal.read(line[start:]) is None for start in range(1, len(line)))
    assert all(Journal.read(line[:end]) is None for end in range(len(line)))


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n\n"])
def test_white_space_behind_it_does_not_matter(end: str) -> None:
    assert Journal.read(f"text\n{HALF.line(RUN_ID)}{end}") == HALF


SOMEBODY_ELSES = {
    "none": None,
    "empty": "",
    "blank": " \n ",
    "text": "A migration failed to apply.",
    "the last line is not the journal": f"{HALF.line(RUN_ID)}\nDbError {{ … }}",
    "ours, of a migration that was one transaction": logs_text(
        ServerError("22012", "no"), Whereabouts("a"), attempts=1, run_id=RUN_ID
    ),
    "an array": "[1]",
    "a number": "7",
    "a string": '"migrateLambda"',
    "true": "true",
    "null": "null",
    "not a number": "NaN",
    "an empty object": "{}",
    "another's object": '{"other": {}}',
    "no object": json.dumps({OURS: [1]}),
    "null in it": json.dumps({OURS: None}),
    "no keys": json.dumps({OURS: {}}),
    "malformed": HALF.line(RUN_ID)[:-1],
    "twice in a line": HALF.line(RUN_ID) * 2,
    "deeply nested": "[" * 100_000,
    "deeply nested objects": f'{{"{OURS}": ' * 20_000,
    "a number of many digits": f'{{"{OURS}": {"9" * 5000}}}',
    "single quotes": HALF.line(RUN_ID).replace('"', "'"),
    "other capitals": HALF.line(RUN_ID).replace(OURS, OURS.lower()),
    "text before it in the line": f"NOTICE: {HALF.line(RUN_ID)}",
}


@pytest.mark.parametrize("logs", SOMEBODY_ELSES.values(), ids=SOMEBODY_ELSES)
def test_what_is_somebody_elses_is_no_journal(logs: str | None) -> None:
    assert Journal.read(logs) is None


@pytest.mark.parametrize("key", ["steps", "done", "chain", "begun", "before", "attempts", "begunChain"])
def test_every_key_is_needed(key: str) -> None:
    values = {name: value for name, value in VALUES.items() if name != key}

    assert Journal.read(json.dumps({OURS: VALUES})) is not None
    assert Journal.read(json.dumps({OURS: values})) is None


@pytest.mark.parametrize("key", ["steps", "done", "begun", "attempts"])
@pytest.mark.parametrize("value", [-1, True, False, "2", 2.0, 1e300, [2], {}])
def test_what_is_no_count_is_no_journal(key: str, value: object) -> None:
    assert Journal.read(with_values(**{key: value})) is None


@pytest.mark.parametrize("key", ["steps", "done", "attempts"])
def test_only_begun_may_be_null(key: str) -> None:
    assert Journal.read(with_values(**{key: None})) is None


def test_more_steps_done_than_there_are_is_no_journal() -> None:
    assert Journal.read(with_values(done=8)) is None
    assert Journal.read(with_values(done=7)) == Journal(7, 7, CHAIN, attempts=1)


@pytest.mark.parametrize("begun", [0, 1, 2, 4, 7])
def test_a_step_that_was_begun_and_is_not_the_next_one_is_no_journal(begun: int) -> None:
    assert Journal.read(with_values(begun=begun)) is None
    assert Journal.read(with_values(begun=3)) is not None


def test_huge_counts_are_read_as_they_are() -> None:
    assert Journal.read(with_values(steps=10**40)) == replace(HALF, steps=10**40, begun=None, before="")


def test_keys_of_a_later_version_do_not_matter() -> None:
    assert Journal.read(with_values(more={"a": 1})) == Journal(7, 2, CHAIN, attempts=1)


@pytest.mark.parametrize(("finished", "rolled_back"), [(True, False), (False, True), (True, True)])
def test_only_an_unfinished_row_has_one(finished: bool, rolled_back: bool) -> None:
    logs = HALF.line(RUN_ID)

    assert MigrationRecord("1", "a", "", finished=False, rolled_back=False, logs=logs).journal == HALF
    assert MigrationRecord("1", "a", "", finished=finished, rolled_back=rolled_back, logs=logs).journal is None


def test_why_it_stopped_is_still_to_be_read_beside_it() -> None:
    logs = as_listed(of_failure("division by zero", HALF))
    record = MigrationRecord("1", "a", "", finished=False, rolled_back=False, logs=logs)

    assert (record.reason, record.journal) == ("ERROR: division by zero (SQLSTATE 22012)", HALF)
