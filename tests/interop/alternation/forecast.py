"""What each command is to come to: the rules of both tools as they are documented, from a state alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.interop.alternation.execution import by_ours, by_prisma
from tests.interop.alternation.rows import Row, RowState
from tests.interop.alternation.script import Facts, Script
from tests.interop.alternation.tools import UNCODED, Verdict, Who
from tests.interop.alternation.world import State, in_bytes

RowOf = tuple[str, RowState]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A verdict, the facts behind it, the rows that are added (by name), and those that are altered (by id).

    `makes_table` says that the table is there afterwards; `failed` names what failed, `done` how many of its steps are
    in the database.
    """

    verdict: Verdict
    facts: Facts
    added: tuple[RowOf, ...] = ()
    altered: frozenset[RowOf] = frozenset()
    makes_table: bool = False
    failed: str = ""
    done: int = 0


def deploy(state: State, who: Who) -> Forecast:
    """What a deploy comes to."""
    code = _refusal_by_ours(state) if who is Who.OURS else _refusal_by_prisma(state)
    if code:
        return Forecast(Verdict(code), state.seen.facts)
    begin = Forecast(Verdict(), state.seen.facts)
    return _deploy_by_ours(state, begin) if who is Who.OURS else _deploy_by_prisma(state, begin)


def _refusal_by_prisma(state: State) -> str:
    if state.seen.rows is None and state.seen.is_occupied:
        return "P3005"
    return "P3009" if state.failed else ""


def _refusal_by_ours(state: State) -> str:
    if code := directory_refused(state):
        return code
    if state.seen.rows is None and state.seen.is_occupied:
        return "P3005"
    pending = our_pending(state)
    if any(script.is_refused for name in pending if (script := state.scripts[name])):
        return "M211"
    if [name for name in state.failed if name not in pending and name not in state.ahead]:
        return "P3009"
    return "M506" if any(_is_edited_in_the_done(state, name) for name in pending) else ""


def plan_refused(state: State) -> str:
    """With which code ours' plan says that a deploy would be refused, "" where it would not.

    Where there are several reasons, it names another one first than deploy.
    """
    if code := directory_refused(state):
        return code
    pending = our_pending(state)
    if [name for name in state.failed if name not in pending and name not in state.ahead]:
        return "P3009"
    if state.seen.rows is None and state.seen.is_occupied:
        return "P3005"
    refused = (_refused(state, name) for name in pending)
    return next(filter(None, refused), "")


def _refused(state: State, name: str) -> str:
    script = state.scripts[name]
    if script is not None and script.is_refused:
        return "M211"
    return "M506" if _is_edited_in_the_done(state, name) else ""


def directory_refused(state: State) -> str:
    """With which code ours refuses a directory before it connects, "" where it does not."""
    if not state.scripts:
        return "M206"
    return "P3015" if None in state.scripts.values() else ""


def our_pending(state: State) -> tuple[str, ...]:
    """What is pending to ours, in its order."""
    return tuple(sorted({*state.pending, *(set(state.half_done) & set(state.scripts))}, key=in_bytes))


def _is_edited_in_the_done(state: State, name: str) -> bool:
    row, script = state.half_done.get(name), state.scripts[name]
    if row is None or script is None:
        return False
    done = int(row.ours["done"])
    return step_texts(script, done) != state.begun[name]


def step_texts(script: Script, done: int) -> tuple[str, ...]:
    """The texts of the first steps."""
    return tuple("; ".join(each.text for each in step) for step in script.steps[:done])


def _deploy_by_prisma(state: State, forecast: Forecast) -> Forecast:
    forecast = replace(forecast, makes_table=True)
    for name in state.order:
        script = state.scripts[name]
        if script is None:
            return replace(forecast, verdict=Verdict("P3015"))
        execution = by_prisma(script, forecast.facts)
        forecast = replace(forecast, facts=execution.facts)
        if execution.sqlstate:
            verdict = Verdict(UNCODED) if execution.is_aborted else Verdict("P3018", execution.sqlstate)
            added = (*forecast.added, (name, RowState.FAILED))
            return replace(forecast, verdict=verdict, added=added, failed=name)
        forecast = replace(forecast, added=(*forecast.added, (name, RowState.APPLIED)))
    return forecast


def _deploy_by_ours(state: State, forecast: Forecast) -> Forecast:
    pending = our_pending(state)
    forecast = replace(forecast, makes_table=state.seen.rows is not None or bool(pending))
    for name in pending:
        script, row = state.scripts[name], state.half_done.get(name)
        assert script is not None, "a directory like this is refused"
        execution = by_ours(script, forecast.facts, int(row.ours["done"]) if row else 0)
        forecast = replace(forecast, facts=execution.facts)
        if execution.sqlstate:
            forecast = replace(forecast, verdict=Verdict("P3018", execution.sqlstate), failed=name, done=execution.done)
            kept = RowState.HALF_DONE if execution.done else RowState.ROLLED_BACK
            return _recorded(forecast, name, kept, row or _tried_before(state, name, script, execution.done))
        forecast = _recorded(forecast, name, RowState.APPLIED, row)
    return forecast


def _recorded(forecast: Forecast, name: str, state: RowState, row: Row | None) -> Forecast:
    if row is None:
        return replace(forecast, added=(*forecast.added, (name, state)))
    return replace(forecast, altered=forecast.altered | {(row.id, state)})


def _tried_before(state: State, name: str, script: Script, done: int) -> Row | None:
    """The row of the same file's last failure, which is counted up where nothing of it stayed."""
    if done:
        return None
    rows = [row for row in state.seen.records if (row.name, row.checksum) == (name, script.checksum)]
    tried = [row for row in rows if row.state is RowState.ROLLED_BACK and row.finished_at is None]
    return tried[-1] if tried and tried[-1].ours.get("attempts") else None


def resolve_applied(state: State, name: str, who: Who) -> Forecast:
    """What `resolve --applied` comes to."""
    if who is Who.OURS and (code := directory_refused(state)):
        return Forecast(Verdict(code), state.seen.facts)
    if state.scripts.get(name) is None:
        return Forecast(Verdict("P3017"), state.seen.facts)
    rows = [row for row in state.seen.records if row.name == name]
    if any(row.finished_at is not None for row in rows):
        return Forecast(Verdict("P3008"), state.seen.facts)
    added = ((name, RowState.MARKED),)
    return Forecast(Verdict(), state.seen.facts, added, frozenset(_rolled_back(rows)), makes_table=True)


def resolve_rolled_back(state: State, name: str, who: Who) -> Forecast:
    """What `resolve --rolled-back` comes to."""
    if who is Who.OURS and (code := directory_refused(state)):
        return Forecast(Verdict(code), state.seen.facts)
    if state.seen.rows is None:
        return Forecast(Verdict("M501" if who is Who.OURS else UNCODED), state.seen.facts)
    rows = [row for row in state.seen.rows if row.name == name]
    if not rows:
        return Forecast(Verdict("P3011"), state.seen.facts)
    if all(row.finished_at is not None for row in rows):
        return Forecast(Verdict("P3012"), state.seen.facts)
    return Forecast(Verdict(), state.seen.facts, altered=frozenset(_rolled_back(rows)))


def baseline(state: State, to: str) -> Forecast:
    """What ours' `baseline --to` comes to; Prisma has none."""
    if code := directory_refused(state):
        return Forecast(Verdict(code), state.seen.facts)
    if to not in state.scripts:
        return Forecast(Verdict("M106"), state.seen.facts)
    wanted = sorted((name for name in state.scripts if in_bytes(name) <= in_bytes(to)), key=in_bytes)
    if state.seen.records:
        blocked = set(state.failed) - set(our_pending(state)) - state.ahead
        done = not blocked and not set(wanted) & set(our_pending(state))
        return Forecast(Verdict() if done else Verdict("M508"), state.seen.facts)
    if not state.seen.is_occupied:
        return Forecast(Verdict("M509"), state.seen.facts)
    added = tuple((name, RowState.MARKED) for name in wanted)
    return Forecast(Verdict(), state.seen.facts, added, makes_table=True)


def _rolled_back(rows: list[Row]) -> Iterator[RowOf]:
    return ((row.id, RowState.ROLLED_BACK) for row in rows if row.is_open)
