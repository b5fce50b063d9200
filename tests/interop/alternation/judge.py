"""The verdict on a step: what in a database, or in what a tool says, is not as it has to be. In sentences."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace

from tests.interop.alternation.differences import Difference
from tests.interop.alternation.forecast import Forecast, directory_refused, our_pending
from tests.interop.alternation.place import Seen
from tests.interop.alternation.rows import Row, RowState, odd
from tests.interop.alternation.script import Script
from tests.interop.alternation.tools import DONE, Reading, Verdict, Who
from tests.interop.alternation.world import State, in_bytes

_TIMESTAMP = 14


def judge_command(state: State, after: Seen, who: Who, forecast: Forecast, verdict: Verdict) -> Iterator[str]:
    """What is wrong with what a command said and did."""
    if verdict != forecast.verdict:
        yield f"{who} came to {verdict}, and not to {forecast.verdict}: {verdict.message}"
    yield from judge_facts(after, forecast)
    if (after.rows is not None) is not (forecast.makes_table or state.seen.rows is not None):
        yield f"the table is {'there' if after.rows is not None else 'not there'}"
    yield from judge_rows(state, after, who, forecast)


def judge_facts(after: Seen, forecast: Forecast) -> Iterator[str]:
    """What is in the database that should not be, and what is not that should."""
    if after.facts != forecast.facts:
        yield (
            f"in the database and not to be there: {_listed(after.facts - forecast.facts)}; "
            f"missing from it: {_listed(forecast.facts - after.facts)}"
        )


def judge_rows(state: State, after: Seen, who: Who, forecast: Forecast) -> Iterator[str]:
    """What was done to the rows that is not as documented; those that nobody had reason to touch are as they were."""
    before = {row.id: row for row in state.seen.records}
    now = {row.id: row for row in after.records}
    if gone := before.keys() - now.keys():
        yield f"{len(gone)} rows are gone: {_listed(before[each].name for each in gone)}"
    added = tuple((row.name, row.state) for row in after.records if row.id not in before)
    if added != forecast.added:
        yield f"rows were added for {_rows(added)}, and not for {_rows(forecast.added)}"
    both = [(before[each], now[each]) for each in before.keys() & now.keys()]
    altered = frozenset((row.id, row.state) for old, row in both if row.text != old.text)
    if altered != forecast.altered:
        names = {each: row.name for each, row in now.items()}
        yield f"altered are {_altered(altered, names)}, and not {_altered(forecast.altered, names)}"
    for row in after.records:
        if row.id not in before or row.text != before[row.id].text:
            yield from (f"{row.name}: {each}" for each in _odd_row(row, before.get(row.id), state, who))


def _odd_row(row: Row, old: Row | None, state: State, who: Who) -> Iterator[str]:
    yield from odd(row, after_prisma=who is Who.PRISMA)
    script = state.scripts.get(row.name)
    if row.state in (RowState.APPLIED, RowState.MARKED) and (script is None or row.checksum != script.checksum):
        yield "its checksum is not that of its file"
    if old is None:
        newest = max((each.started_at for each in state.seen.records), default=row.started_at)
        # Prisma writes milliseconds.
        if row.started_at < newest.replace(microsecond=newest.microsecond // 1000 * 1000):
            yield "it is older than one that was there before"
    elif old.is_open and row.state is RowState.ROLLED_BACK and replace(old, rolled_back_at=None) != _marked(old, row):
        yield f"more than rolled_back_at was changed: {_changed(old, row)}"
    elif (old.id, old.name) != (row.id, row.name):
        yield "its name was changed"


def _marked(old: Row, row: Row) -> Row:
    return replace(row, rolled_back_at=None, text=old.text)


def _changed(old: Row, row: Row) -> str:
    return _listed(each.name for each in fields(Row) if getattr(old, each.name) != getattr(row, each.name))


def judge_history(state: State, known: Iterable[Script]) -> Iterator[str]:
    """What of the applied migrations is not in the database just as their files had it, and whether any is so twice."""
    scripts = {script.checksum: script for script in known}
    applied = [row for row in state.seen.records if row.state in (RowState.APPLIED, RowState.MARKED)]
    for name in {row.name for row in applied}:
        if len(state.current(name)) != 1:
            yield f"{name} has {len(state.current(name))} rows that are not rolled back"
    for row in applied:
        script = scripts.get(row.checksum)
        if script is None:
            yield f"nobody knows the file that {row.name} was applied from"
        elif row.state is RowState.APPLIED and not script.facts <= state.seen.facts:
            yield f"{row.name} is applied, and {_listed(script.facts - state.seen.facts)} is not there"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two readings differ: what is meant, and what is not."""

    differences: frozenset[Difference]
    disagreements: tuple[str, ...]


def compare(state: State, prisma: Reading, ours: Reading) -> Comparison:
    """Compare what the two say of one state."""
    if code := directory_refused(state):
        meant = Difference.EMPTY_DIRECTORY if code == "M206" else Difference.MISSING_SCRIPT
        wrong = () if ours.code == code else (f"ours says {ours.code} of a directory that is refused with {code}",)
        return Comparison(frozenset({meant}), wrong)
    if ours.code != DONE or prisma.code != DONE:
        return Comparison(frozenset(), (f"ours cannot say ({ours.code}), or Prisma cannot ({prisma.code})",))
    differences: set[Difference] = set()
    disagreements = (
        *_compare_pending(state, prisma, ours, differences),
        *_compare_failed(state, prisma, ours, differences),
        *_compare_findings(state, prisma, ours, differences),
    )
    return Comparison(frozenset(differences), disagreements)


def _compare_pending(state: State, prisma: Reading, ours: Reading, found: set[Difference]) -> Iterator[str]:
    going_on = set(state.half_done) & set(state.scripts)
    mine = tuple(name for name in ours.pending if name not in going_on)
    if going_on:
        found.add(Difference.HALF_DONE)
    if ours.pending != our_pending(state):
        yield f"pending to ours: {_listed(ours.pending)}, and not {_listed(our_pending(state))}"
    if set(mine) != set(prisma.pending):
        yield f"pending to ours: {_listed(mine)}; to Prisma: {_listed(prisma.pending)}"
    elif [name[:_TIMESTAMP] for name in mine] != [name[:_TIMESTAMP] for name in prisma.pending]:
        yield f"to be applied by ours in the order {mine}, by Prisma in {prisma.pending}"
    elif mine != prisma.pending:
        found.add(Difference.EQUAL_TIMESTAMPS)


def _compare_failed(state: State, prisma: Reading, ours: Reading, found: set[Difference]) -> Iterator[str]:
    if state.ahead:
        found.add(Difference.HALF_DONE_AHEAD)
    left_out = (set(state.half_done) & set(state.scripts)) | state.ahead
    expected = tuple(name for name in prisma.failed if name not in left_out)
    if ours.failed != expected:
        yield f"failed to ours: {_listed(ours.failed)}; to Prisma: {_listed(prisma.failed)}"


def _compare_findings(state: State, prisma: Reading, ours: Reading, found: set[Difference]) -> Iterator[str]:
    """Edited, missing, and what ours alone tells."""
    edited, missing = prisma.edited - set(prisma.failed), prisma.missing - set(prisma.failed)
    if edited != prisma.edited or missing != prisma.missing:
        found.add(Difference.FAILED_IS_NOT_EDITED)
    if ours.edited != edited:
        yield f"edited to ours: {_listed(ours.edited)}; to Prisma: {_listed(edited)}"
    newest = max(map(in_bytes, state.scripts))
    below = frozenset(name for name in missing if in_bytes(name) < newest)
    if below != missing:
        found.add(Difference.AHEAD_IS_NOT_MISSING)
    if ours.missing != below:
        yield f"missing to ours: {_listed(ours.missing)}; to Prisma: {_listed(missing)}"
    told = dict(ours.told)
    for code, expected in _told(state).items():
        if told.get(code, frozenset()) != expected:
            yield f"{code} tells of {_listed(told.get(code, ()))}, and not of {_listed(expected)}"


def _told(state: State) -> dict[str, frozenset[str]]:
    """What ours tells besides: out of order, equal timestamps, half done and ahead."""
    pending = our_pending(state)
    applied = [row.name for row in state.seen.records if row.state in (RowState.APPLIED, RowState.MARKED)]
    newest = max(map(in_bytes, applied), default=b"")
    stamps = [name[:_TIMESTAMP] for name in state.scripts]
    shared = {stamp for stamp in stamps if stamps.count(stamp) > 1 and stamp in {each[:_TIMESTAMP] for each in pending}}
    return {
        "M511": frozenset(name for name in pending if in_bytes(name) < newest),
        "M512": frozenset(name for name in state.scripts if name[:_TIMESTAMP] in shared),
        "M514": state.ahead,
    }


def _listed(names: Collection[str] | Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _rows(rows: Iterable[tuple[str, RowState]]) -> str:
    return ", ".join(f"{name} ({state})" for name, state in rows) or "nothing"


def _altered(rows: Iterable[tuple[str, RowState]], names: dict[str, str]) -> str:
    return _rows(sorted((names.get(each, each), state) for each, state in rows))
