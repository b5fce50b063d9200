"""A plan as Markdown: what it says, and that nothing in it is taken for Markdown, read by a parser of it."""

import dataclasses
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lambda_fn.domain.destructive import Destructive, Harm
from lambda_fn.domain.outcome import Outcome, PendingMigration, Status
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.plan_table import ROWS_LIMIT, plan_table
from lambda_fn.domain.request import Action
from lambda_fn.errors import HistoryBlocked, Whereabouts

A, B = "20240101000000_a", "20240102000000_b"
FOUND = Destructive(2, 7, Harm.DATA_LOSS, "DROP TABLE", '"User"', "The table goes.")
PLAN = Outcome(
    Action.PLAN,
    Status.PENDING,
    "r",
    5,
    pending=(
        PendingMigration(A, "atomic", 2, destructive=(FOUND,)),
        PendingMigration(B, "stepwise", 3, done=1, steps=3, destructive=()),
    ),
    warnings=(Diagnostic("M510", "Edited: `a`.", (A,)),),
)
ERROR = HistoryBlocked("P3009", "It failed.", "Resolve it.", where=Whereabouts(excerpt="1 | ```\n  | ^"))


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def cells(text: str) -> list[list[str]]:
    """The rows of all tables, as they are shown."""
    rows: list[list[str]] = []
    parsed = tokens(text)
    for token, inner in pairwise(parsed):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("td_open", "th_open"):
            rows[-1].append(shown(inner))
    return rows


def shown(inline: Token) -> str:
    assert {child.type for child in inline.children or ()} <= {
        "text",
        "text_special",
        "code_inline",
        "strong_open",
        "strong_close",
        "html_inline",
    }
    return "".join(child.content for child in inline.children or () if child.type != "html_inline")


def test_a_plan_is_a_heading_two_tables_and_what_is_warned_of() -> None:
    assert plan_table(PLAN) == (
        "### Migrations: 2 pending, 1 destructive\n\n"
        "| Migration | Mode | Statements | Destructive |\n| --- | --- | --- | --- |\n"
        f"| `{A}` | atomic | 2 | 1 |\n| `{B}` | stepwise | 3 (1 of 3 steps done) | 0 |\n\n"
        "| Migration | Statement | What | Why |\n| --- | --- | --- | --- |\n"
        f'| `{A}` | 2, line 7 | DROP TABLE `"User"` | **data loss**: The table goes. |\n\n'
        "Read off the statements alone: an aid, not a guarantee. What a `DO` or a function does is not seen.\n\n"
        "> **Warning M510:** Edited: \\`a\\`.\n"
    )


def test_an_empty_plan_is_one_line() -> None:
    assert plan_table(Outcome(Action.PLAN, Status.UP_TO_DATE, "r", 5)) == "**Migrations:** nothing is pending.\n"


def test_the_same_plan_of_another_run_at_another_time_is_the_same_text() -> None:
    later = dataclasses.replace(PLAN, run_id="other", elapsed_ms=99, lock_wait_ms=3, server_version="17.2")

    assert plan_table(later) == plan_table(PLAN)


def test_what_went_wrong_is_said_with_its_place_also_where_nothing_was_read() -> None:
    refused = plan_table(dataclasses.replace(PLAN, status=Status.FAILED, failed=(A,), error=ERROR))
    nothing = plan_table(Outcome(Action.PLAN, Status.FAILED, "r", 5, error=ERROR))

    assert refused.startswith("### Migrations: 2 pending")
    assert nothing.startswith("### Migrations: no plan\n\n> **Error:** P3009 It failed. Resolve it.\n")
    assert f"> **Failed:** `{A}`\n" in refused
    [block] = [token for token in tokens(nothing) if token.type == "fence"]
    assert block.content == "1 | ```\n  | ^\n"


def test_of_very_many_the_first_are_shown_and_how_many_more_there_are() -> None:
    many = (FOUND,) * (ROWS_LIMIT + 5)
    text = plan_table(dataclasses.replace(PLAN, pending=(PendingMigration(A, "atomic", 2, destructive=many),)))

    assert "\n… and 5 more\n" in text
    assert len(cells(text)) == 2 + 1 + ROWS_LIMIT
    assert len(text) < 65536


def test_an_answer_that_left_something_out_is_not_told_as_whole() -> None:
    text = plan_table(dataclasses.replace(PLAN, omitted=3))

    assert text.startswith("### Migrations: 2 or more pending, 1 or more destructive\n")


def test_nothing_in_it_steers_the_terminal_that_shows_it() -> None:
    found = dataclasses.replace(FOUND, object="a\x1b[2J", message="b\x07")
    warning = Diagnostic("M510", "c\x1b", ())
    error = HistoryBlocked("P3009", "d\x1b.", "e.", where=Whereabouts(excerpt="1 | \x1b[31m\n  | ^"))
    text = plan_table(
        dataclasses.replace(
            PLAN, pending=(PendingMigration(A, destructive=(found,)),), warnings=(warning,), error=error
        )
    )

    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert cells(text)[-1][2:] == [r"DROP TABLE a\x1b[2J", r"data loss: b\x07"]
    assert "1 | \\x1b[31m\n" in text


def test_a_mention_is_none() -> None:
    text = plan_table(dataclasses.replace(PLAN, warnings=(Diagnostic("M510", "by @somebody", ()),)))

    assert "@<!-- -->somebody" in text
    assert "@somebody" not in text


@given(st.text(alphabet="ab`|\\*_<>&[]()!#~'\"\n -"), st.text(alphabet="ab`|\\*_<>&;#[]()!~-\n ", min_size=1))
def test_names_and_messages_stay_in_their_cells_as_they_are(name: str, message: str) -> None:
    name = f'"{name}"'
    found = dataclasses.replace(FOUND, object=name, message=message)

    rows = cells(plan_table(dataclasses.replace(PLAN, pending=(PendingMigration(A, destructive=(found,)),))))

    what, why = rows[-1][2:]
    assert len(rows) == 4
    assert what == f"DROP TABLE {' '.join(name.split())}"
    assert why == f"data loss: {' '.join(message.split())}".rstrip()
