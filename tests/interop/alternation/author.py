"""Who writes the migrations: adds, mends, edits, deletes and restores them."""

import random
from collections import Counter
from collections.abc import Callable, Mapping

from tests.interop.alternation import chances
from tests.interop.alternation.operations import Deed, Operation
from tests.interop.alternation.script import Script
from tests.interop.alternation.world import World

_NAMES = {
    Deed.ADD: chances.newest_name,
    Deed.ADD_OLDER: chances.older_name,
    Deed.ADD_SIBLING: chances.sibling_name,
}
_EDITS: Mapping[Deed, Callable[[Script], Script]] = {
    Deed.EDIT: Script.edited,
    Deed.EDIT_TOP: Script.edited_at_the_top,
    Deed.LINE_ENDS: Script.with_other_line_ends,
}


class Author:
    """Changes the directory of a world; `known` are all scripts that ever stood in it."""

    def __init__(self, chance: random.Random, world: World) -> None:
        self._chance = chance
        self._world = world
        self._number = 0
        self.known: list[Script] = []
        self.shapes: Counter[str] = Counter()

    def carry_out(self, operation: Operation) -> str:
        """Carry an operation out, and say what of it is not said by its name."""
        if operation.deed in _NAMES:
            count = operation.count if operation.deed is Deed.ADD else 1
            return ", ".join(self._add(operation.deed) for _ in range(count))
        script = self._world.scripts.get(operation.name)
        if operation.deed in _EDITS and script is not None:
            self._write(operation.name, _EDITS[operation.deed](script))
        elif operation.deed is Deed.MEND and script is not None:
            for_prisma = self._chance.random() < 0.5
            self._write(operation.name, script.mended(for_prisma=for_prisma))
            return "for both" if for_prisma else "for ours"
        else:
            self._move(operation)
        return ""

    def _move(self, operation: Operation) -> None:
        world, name = self._world, operation.name
        match operation.deed:
            case Deed.DELETE:
                world.take_out(name)
            case Deed.CHECK_OUT_OLDER:
                for each in [each for each in world.scripts if each >= name]:
                    world.take_out(each)
            case Deed.RESTORE:
                world.put_back(name)
            case Deed.RESTORE_ALL:
                for each in list(world.taken_out):
                    world.put_back(each)
            case Deed.LOSE_FILE:
                world.write(name, None)
            case _:
                raise AssertionError(operation)

    def _add(self, deed: Deed) -> str:
        self._number += 1
        name = _NAMES[deed](self._chance, self._world.names, self._number)
        shape, script = chances.new_script(self._chance, self._number)
        self.shapes[shape] += 1
        self._world.prepare_type(script)
        self._write(name, script)
        return f"{name} {script.content!r}"

    def _write(self, name: str, script: Script) -> None:
        self.known.append(script)
        self._world.write(name, script)
