"""Writes the lists in docs/prisma-compatibility.md from the matrix: `python -m tests.interop.compatibility`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from tests.interop.matrix import MODULES, SCENARIOS
from tests.interop.matrix.elsewhere import ELSEWHERE
from tests.interop.matrix.listed import LISTED
from tests.interop.matrix.scenario import Difference, Scenario

DOCUMENT = Path(__file__).parents[2] / "docs" / "prisma-compatibility.md"


def shown(scenarios: Iterable[Scenario] = SCENARIOS) -> set[Difference]:
    """The differences that scenarios declare."""
    return {difference for scenario in scenarios for difference in scenario.differs}


def beside() -> str:
    """The differences of the matrix."""
    lines = "".join(f"| {each.what} | {each.prisma} | {each.here} | {each.why} |\n" for each in LISTED)
    return "| | Prisma Migrate | here | why |\n|---|---|---|---|\n" + lines


def elsewhere() -> str:
    """The differences that other tests show."""
    lines = "".join(
        f"| {each.what} | {each.prisma} | {each.here} | {each.why} | {_link(each.shown_by)} |\n" for each in ELSEWHERE
    )
    return "| | Prisma Migrate | here | why | shown by |\n|---|---|---|---|---|\n" + lines


def _link(test: str) -> str:
    path = test.partition("::")[0]
    return f"[{path.rpartition('/')[2]}](../{path})"


def played() -> str:
    """Every scenario: those without a difference by their subject, and those of each difference."""
    same = (f"- {_subject(module)}: {_titles(module.SCENARIOS, None)}.\n" for module in MODULES)
    differing = (f"- {each.what}: {_titles(SCENARIOS, each)}.\n" for each in LISTED)
    return f"No difference:\n\n{''.join(same)}\nOnly what is listed:\n\n{''.join(differing)}"


def _subject(module: ModuleType) -> str:
    return (module.__doc__ or "").rstrip(".")


def _titles(scenarios: Iterable[Scenario], difference: Difference | None) -> str:
    fitting = (each for each in scenarios if (difference in each.differs if difference else not each.differs))
    return "; ".join(each.title for each in fitting)


def written(text: str, lists: Mapping[str, str]) -> str:
    """The document with its lists, each between `<!-- NAME -->` and `<!-- end -->`."""
    for name, content in lists.items():
        before, found, rest = text.partition(f"<!-- {name} -->\n")
        assert found, f"no place for {name}"
        text = f"{before}{found}{content}<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


def document() -> str:
    """The document as it is to be."""
    return written(DOCUMENT.read_text(), {"beside": beside(), "elsewhere": elsewhere(), "played": played()})


if __name__ == "__main__":
    DOCUMENT.write_text(document())
