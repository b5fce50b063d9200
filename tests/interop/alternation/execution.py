"""What PostgreSQL makes of a script, as Prisma sends it and as ours does: a model, of which no database is asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.interop.alternation.script import CONTROL, Facts, Form, Script, Statement

_EXISTS = {Form.MAKE: "42P07", Form.VALUE: "42710", Form.CONCURRENT: "42P07"}


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of a script: the facts behind it, and the SQLSTATE with which it failed, "" for none.

    `done` is how many steps of ours are in the database where not all are. `is_aborted` says that Prisma's session
    stays in a transaction that takes no more statements, so that it cannot record the error.
    """

    facts: Facts
    sqlstate: str = ""
    done: int = 0
    is_aborted: bool = False


def by_prisma(script: Script, facts: Facts) -> Execution:
    """All of it in one message: several statements are one transaction, but for the author's own."""
    if script.byte_order_mark or any(each.form in (Form.SYNTAX, Form.COPY) for each in script.statements):
        return Execution(facts, "42601")
    if len(script.statements) == 1 and script.statements[0].form is Form.CONCURRENT:
        return _build(script.statements[0], facts, leaves_invalid=True)
    committed, current, opened = facts, facts, False
    for statement in script.statements:
        if statement.form in CONTROL:
            opened = statement.form is Form.BEGIN
            committed = committed if opened else current
            continue
        sqlstate = _fails(statement, current, committed)
        if sqlstate:
            return Execution(committed, sqlstate, is_aborted=opened)
        current = _added(statement, current)
    return Execution(current)


def by_ours(script: Script, facts: Facts, done: int = 0) -> Execution:
    """In one transaction, or step by step where only that works; `done` steps are in the database already."""
    if done or script.is_stepwise:
        return _stepwise(script, facts, done)
    if script.is_concurrent:
        return _build(script.statements[0], facts, leaves_invalid=False)
    tried = _in_one_transaction(script.statements, facts)
    return _stepwise(script, facts, 0) if tried.sqlstate == "55P04" else tried


def _stepwise(script: Script, facts: Facts, done: int) -> Execution:
    for number, step in enumerate(script.steps[done:], done):
        concurrent = step[0].form is Form.CONCURRENT
        tried = _build(step[0], facts, leaves_invalid=False) if concurrent else _in_one_transaction(step, facts)
        facts = tried.facts
        if tried.sqlstate:
            return Execution(facts, tried.sqlstate, done=number)
    return Execution(facts)


def _in_one_transaction(statements: Iterable[Statement], facts: Facts) -> Execution:
    current = facts
    executed = [each for each in statements if each.form not in CONTROL]
    if any(each.form is Form.SYNTAX for each in executed):
        return Execution(facts, "42601")
    for statement in executed:
        sqlstate = _fails(statement, current, facts)
        if sqlstate:
            return Execution(facts, sqlstate)
        current = _added(statement, current)
    return Execution(current)


def _build(statement: Statement, facts: Facts, *, leaves_invalid: bool) -> Execution:
    """A concurrent index. Ours removes an invalid one of that name before and behind it, Prisma neither."""
    invalid = statement.fact.replace("index", "invalid")
    if not leaves_invalid:
        facts -= {invalid}
    if facts & {statement.fact, invalid}:
        return Execution(facts, _EXISTS[statement.form])
    if statement.sqlstate:
        return Execution(facts | {invalid} if leaves_invalid else facts, statement.sqlstate)
    return Execution(facts | {statement.fact})


def _fails(statement: Statement, current: Facts, committed: Facts) -> str:
    """With which SQLSTATE a statement fails in a transaction, "" for none."""
    if statement.form is Form.CONCURRENT:
        return "25001"
    if statement.form is Form.USE:
        needed = "value e" + statement.fact.removeprefix("note ").partition(":")[0]
        return "22P02" if needed not in current else "55P04" if needed not in committed else ""
    there = {statement.fact, statement.fact.replace("index", "invalid")}
    return _EXISTS[statement.form] if statement.form in _EXISTS and current & there else statement.sqlstate


def _added(statement: Statement, facts: Facts) -> Facts:
    """What is there once more is a fact of its own."""
    if not statement.fact:
        return facts
    fact, times = statement.fact, 1
    while fact in facts:
        times += 1
        fact = f"{statement.fact} #{times}"
    return facts | {fact}
