"""What a team has: the files of its directory, those that it took out, and a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.interop.alternation.place import Place, Seen
from tests.interop.alternation.rows import Row, RowState
from tests.interop.alternation.script import BAD, CONTROL, Form, Script

Scripts = Mapping[str, Script | None]


def in_bytes(name: str) -> bytes:
    """By which ours orders names, as Prisma's engine did until 6.6."""
    return name.encode()


@dataclass(frozen=True, slots=True)
class State:
    """All that a command's outcome depends on. A script is None where a directory has lost its file.

    `order` is in which Prisma takes what is pending; `begun` are the texts of the finished steps of what is half done.
    """

    scripts: Scripts
    seen: Seen
    order: tuple[str, ...] = ()
    begun: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def current(self, name: str) -> tuple[Row, ...]:
        """The rows of a migration that are not rolled back."""
        return tuple(row for row in self.seen.records if row.name == name and row.state is not RowState.ROLLED_BACK)

    @property
    def pending(self) -> frozenset[str]:
        """What the directory has, and the history does not, by Prisma's rule."""
        return frozenset(name for name in self.scripts if not self.current(name))

    @property
    def failed(self) -> tuple[str, ...]:
        """What is recorded as begun, by Prisma's rule."""
        return tuple(dict.fromkeys(row.name for row in self.seen.records if row.is_open))

    @property
    def half_done(self) -> dict[str, Row]:
        """The rows that ours goes on with where the directory has the migration."""
        rows = [row for row in self.seen.records if row.state is RowState.HALF_DONE]
        return {row.name: row for row in rows if len(self.current(row.name)) == 1}

    @property
    def ahead(self) -> frozenset[str]:
        """What is half done and newer than the directory, where nothing is pending."""
        if self.pending or set(self.half_done) & set(self.scripts):
            return frozenset()
        newest = max(map(in_bytes, self.scripts), default=b"")
        return frozenset(name for name in self.half_done if in_bytes(name) > newest)


class World:
    """The same as it changes; what people do by hand is done here."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.scripts: dict[str, Script | None] = {}
        self.taken_out: dict[str, Script] = {}
        self.begun: dict[str, tuple[str, ...]] = {}
        self.order: tuple[str, ...] = ()
        self.seen = place.look()

    def at(self, place: Place) -> "World":
        """The same at a copy of the place."""
        world = World(place)
        world.scripts, world.taken_out = dict(self.scripts), dict(self.taken_out)
        world.begun, world.order = dict(self.begun), self.order
        return world

    @property
    def state(self) -> State:
        """The state as it is now."""
        return State(dict(self.scripts), self.seen, self.order, dict(self.begun))

    @property
    def names(self) -> tuple[str, ...]:
        """All names that there are or were."""
        return (*self.scripts, *self.taken_out)

    def write(self, name: str, script: Script | None) -> None:
        """Write a migration, or lose its file."""
        lost = self.scripts.get(name)
        if script is None and lost is not None:
            self.taken_out[name] = lost
        elif script is not None:
            self.taken_out.pop(name, None)
        self.place.write(name, script)
        self.scripts[name] = script

    def take_out(self, name: str) -> None:
        """Take a migration out of the directory."""
        script = self.scripts.pop(name)
        self.taken_out[name] = script or self.taken_out[name]
        self.place.remove(name)

    def put_back(self, name: str) -> None:
        """Put a migration or its file back."""
        self.write(name, self.taken_out[name])

    def script_of(self, name: str) -> Script | None:
        """What a migration held last."""
        return self.scripts.get(name) or self.taken_out.get(name)

    def prepare_type(self, script: Script) -> None:
        """Make the enum that a script adds a value to."""
        if any(each.form is Form.VALUE for each in script.statements):
            self.place.by_hand([f"CREATE TYPE witness.e{script.number} AS ENUM ('old')"])

    def undo(self, name: str) -> None:
        """Take all of a migration out of the database, by hand."""
        script = self.script_of(name)
        if script is None:
            return
        self.place.by_hand(_undoing(fact) for fact in self._facts_of(script.number))
        self.seen = self.place.look()

    def complete(self, name: str) -> None:
        """Bring all of a migration into the database, by hand."""
        script = self.scripts.get(name)
        if script is None:
            return
        self.place.by_hand(_undoing(fact) for fact in self._facts_of(script.number) if fact.startswith("invalid"))
        self.seen = self.place.look()
        for each in script.mended(for_prisma=False).statements:
            if each.form not in BAD | CONTROL and each.fact not in self.seen.facts:
                self.place.by_hand([each.text])
        self.seen = self.place.look()

    def is_complete(self, name: str) -> bool:
        """Whether all of a migration is in the database."""
        script = self.scripts.get(name)
        return script is not None and script.facts <= self.seen.facts

    def has_leftovers(self, name: str) -> bool:
        """Whether anything of a migration is in the database."""
        script = self.script_of(name)
        return script is not None and bool(self._facts_of(script.number))

    def _facts_of(self, number: int) -> list[str]:
        return sorted(fact for fact in self.seen.facts if _number_of(fact) == number)


def _number_of(fact: str) -> int:
    """The migration that a fact is of: `note 3:1`, `table t3_1`, `value e3`."""
    kind, name = fact.split()[:2]
    return int(name.partition(":")[0] if kind == "note" else name[1:].partition("_")[0])


def _undoing(fact: str) -> str:
    kind, name = fact.split()[:2]
    if kind == "note":
        return f"DELETE FROM witness.note WHERE tag = '{name}'"
    if kind == "value":
        return f"DROP TYPE witness.{name}; CREATE TYPE witness.{name} AS ENUM ('old')"
    return f"DROP TABLE {name}" if kind == "table" else f"DROP INDEX witness.{name}"
