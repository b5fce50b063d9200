"""Writes the lists in docs/prisma-compatibility.md from the matrix: `python -m tests.interop.compatibility`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.interop.matrix import SCENARIOS
from tests.interop.matrix.elsewhere import ELSEWHERE
from tests.interop.matrix.scenario import Difference, Scenario

DOCUMENT = Path(__file__).parents[2] / "docs" / "prisma-compatibility.md"
_SIDE_BY_SIDE = "[side by side](#side-by-side)"


def differences_shown(scenarios: Iterable[Scenario] = SCENARIOS) -> list[Difference]:
    """The differences of the scenarios, each once, in the order in which they are met."""
    return list(dict.fromkeys(difference for scenario in scenarios for difference in scenario.differs))


def table() -> str:
    """Every intended difference with its reason."""
    head = "| | Prisma Migrate | here | why | shown by |\n|---|---|---|---|---|\n"
    return head + "".join(map(_line, [*differences_shown(), *ELSEWHERE]))


def _line(each: Difference) -> str:
    shown_by = f"`{each.shown_by}`" if each.shown_by else _SIDE_BY_SIDE
    return f"| {each.what} | {each.prisma} | {each.here} | {each.why} | {shown_by} |\n"


def scenarios() -> str:
    """Every scenario: those without a difference, and those of each difference."""
    same = [each.title for each in SCENARIOS if not each.differs]
    return "\n".join([f"- **No difference** ({len(same)}): {'; '.join(same)}.", *_by_difference()]) + "\n"


def _by_difference() -> Iterator[str]:
    for difference in differences_shown():
        found = [each.title for each in SCENARIOS if difference in each.differs]
        yield f"- **{difference.what[0].upper() + difference.what[1:]}** ({len(found)}): {'; '.join(found)}."


def written(text: str, lists: Mapping[str, str]) -> str:
    """The document with its lists, each between `<!-- NAME -->` and `<!-- end -->`."""
    for name, content in lists.items():
        before, found, rest = text.partition(f"<!-- {name} -->\n")
        assert found, f"no place for {name}"
        text = f"{before}{found}{content}<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


def document() -> str:
    """The document as it is to be."""
    return written(DOCUMENT.read_text(), {"differences": table(), "scenarios": scenarios()})


if __name__ == "__main__":
    DOCUMENT.write_text(document())
