"""bench/RESULTS.md, written of what is kept in bench/results.json."""

from collections.abc import Callable, Iterator

from bench import function_tables, prose, tables
from bench.figures import table
from bench.results import Results
from bench.targets import targets

_SECTIONS: tuple[tuple[str, str, Callable[[Results], str]], ...] = (
    ("Fresh, and with nothing to do", "fresh", tables.fresh),
    ("A large script", "large", tables.large),
    ("10,000 directories and rows", "many", tables.many),
    ("The migrations of a real project", "corpus", tables.corpus),
    ("With fsync", "durable", tables.durable),
    ("Cold start", "cold", function_tables.cold),
    ("By memory size", "cpu", function_tables.cpu),
    ("The real Prisma, as WebAssembly", "prisma", tables.prisma),
)


def report(results: Results) -> str:
    """The whole document."""
    found = ["## Targets", targets(results), prose.BEHIND]
    parts = [prose.TITLE, _environment(results), *found, prose.HOW, *_sections(results)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _sections(results: Results) -> Iterator[str]:
    for title, section, body in _SECTIONS:
        cells = results.of(section)
        if cells:
            yield f"## {title}"
            yield body(results)
            yield _measured(section, results)
            yield from filter(None, ["\n".join(f"- {reason}" for reason in tables.reasons(cells))])


def _measured(section: str, results: Results) -> str:
    """When, of which state of the sources, and how often."""
    cells = results.of(section)
    when = sorted(each.measured_at for each in cells)
    span = when[0] if when[0] == when[-1] else f"{when[0]} to {when[-1]}"
    revisions = ", ".join(dict.fromkeys(each.revision for each in cells))
    rounds = ", ".join(dict.fromkeys(str(each.rounds) for each in cells))
    command = f"make bench ONLY={section}" + (" CORPUS=DIR" if section == "corpus" else "")
    return f"Measured {span}, revision {revisions}, {rounds} counted rounds; again with `{command}`."


def _environment(results: Results) -> str:
    """Of the last run."""
    rows = [*results.machine.items(), ("versions", ", ".join(" ".join(each) for each in results.versions.items()))]
    return table(("machine", ""), rows)
