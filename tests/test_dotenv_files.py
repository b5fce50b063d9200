"""The `.env` files of a Prisma project."""

import os
from pathlib import Path

import pytest

from lambda_fn.cli.dotenv_files import DotenvFiles, read_dotenv_files
from lambda_fn.errors import SettingsInvalid
from lambda_fn.settings import Settings

URL, OTHER_URL = "postgresql://app:hunter2@db/shop", "postgresql://app:hunter3@db/other"

as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything, so nothing is unreadable")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The root of a project."""
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    return tmp_path


def write(directory: Path, content: str | bytes) -> None:
    """Write a directory's `.env`, its line endings as they are."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".env").write_bytes(content.encode() if isinstance(content, str) else content)


def read(here: Path, migrations: str | None = None, **environment: str) -> DotenvFiles:
    return read_dotenv_files(here, environment, migrations=Path(migrations) if migrations else None)


def refusal(here: Path) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as refused:
        read(here)
    assert refused.value.code == "M218"
    assert "hunter2" not in refused.value.text
    return refused.value


# What Prisma 6.19.3 handed on to its engine for each of these files.
READ_BY_PRISMA: dict[str, tuple[str, str]] = {
    "plain": ("MIGRATE_SCHEMA=a b\n", "a b"),
    "double": ('MIGRATE_SCHEMA="a b"\n', "a b"),
    "single": ("MIGRATE_SCHEMA='a b'\n", "a b"),
    "export": ("export MIGRATE_SCHEMA=a\n", "a"),
    "spaces round =": ("MIGRATE_SCHEMA = a \n", "a"),
    "indented": ("   MIGRATE_SCHEMA=a\n", "a"),
    "comment": ("MIGRATE_SCHEMA=a # c\n", "a"),
    "comment behind quotes": ('MIGRATE_SCHEMA="a" # c\n', "a"),
    "comment glued to quotes": ('MIGRATE_SCHEMA="a"#c\n', "a"),
    "hash in quotes": ('MIGRATE_SCHEMA="a#b"\n', "a#b"),
    "hash in single": ("MIGRATE_SCHEMA='a#b'\n", "a#b"),
    "url": ('MIGRATE_SCHEMA="postgresql://u:p%23@h:5432/d?a=b&c=d"\n', "postgresql://u:p%23@h:5432/d?a=b&c=d"),
    "equals": ("MIGRATE_SCHEMA=a=b\n", "a=b"),
    "empty": ("MIGRATE_SCHEMA=\n", ""),
    "empty quotes": ('MIGRATE_SCHEMA=""\n', ""),
    "blanks in quotes": ('MIGRATE_SCHEMA="  a  "\n', "  a  "),
    "newline escape": ('MIGRATE_SCHEMA="a\\nb"\n', "a\nb"),
    "newline escape single": ("MIGRATE_SCHEMA='a\\nb'\n", "a\\nb"),
    "cr escape": ('MIGRATE_SCHEMA="a\\rb"\n', "a\rb"),
    "tab escape": ('MIGRATE_SCHEMA="a\\tb"\n', "a\\tb"),
    "backslash": ('MIGRATE_SCHEMA="a\\\\b"\n', "a\\\\b"),
    "escaped double": ('MIGRATE_SCHEMA="a\\"b"\n', 'a\\"b'),
    "escaped single": ("MIGRATE_SCHEMA='a\\'b'\n", "a\\'b"),
    "single in double": ('MIGRATE_SCHEMA="a\'b"\n', "a'b"),
    "double in single": ("MIGRATE_SCHEMA='a\"b'\n", 'a"b'),
    "multi-line": ('MIGRATE_SCHEMA="a\nb"\n', "a\nb"),
    "multi single": ("MIGRATE_SCHEMA='a\nb'\n", "a\nb"),
    "crlf": ('MIGRATE_SCHEMA="a"\r\nY=b\r\n', "a"),
    "crlf plain": ("MIGRATE_SCHEMA=a\r\nY=b\r\n", "a"),
    "bom": ("\ufeffMIGRATE_SCHEMA=a\n", "a"),
    "twice": ("MIGRATE_SCHEMA=a\nMIGRATE_SCHEMA=b\n", "b"),
    "backtick": ("MIGRATE_SCHEMA=`a'\"b`\n", "a'\"b"),
    "ref": ('Y=b\nMIGRATE_SCHEMA="a${Y}c"\n', "abc"),
    "ref later": ('MIGRATE_SCHEMA="a${Y}c"\nY=b\n', "abc"),
    "ref in single": ("Y=b\nMIGRATE_SCHEMA='a${Y}c'\n", "abc"),
    "ref plain": ("Y=b\nMIGRATE_SCHEMA=a${Y}c\n", "abc"),
    "no braces": ('Y=b\nMIGRATE_SCHEMA="a$Y"\n', "a$Y"),
    "escaped ref": ('Y=b\nMIGRATE_SCHEMA="a\\${Y}c"\n', "a${Y}c"),
    "escaped dollar": ('MIGRATE_SCHEMA="a\\$b"\n', "a\\$b"),
    "dollar": ('MIGRATE_SCHEMA="a$b$$"\n', "a$b$$"),
    "nested ref": ('Z=z\nY="y${Z}"\nMIGRATE_SCHEMA="x${Y}"\n', "xyz"),
    "two refs": ('Y=b\nMIGRATE_SCHEMA="${Y}-${Y}"\n', "b-b"),
    "adjacent refs": ('Y=b\nZ=c\nMIGRATE_SCHEMA="${Y}${Z}"\n', "bc"),
    "default": ('MIGRATE_SCHEMA="${Y:-b}"\n', "${Y:-b}"),
    "process ref": ('MIGRATE_SCHEMA="${PROC}"\n', "proc"),
    "process ref over file": ("PROC=file\nMIGRATE_SCHEMA=${PROC}\n", "proc"),
    "unicode": ("MIGRATE_SCHEMA=é\n", "é"),
    "tab": ("MIGRATE_SCHEMA=\ta\t\n", "a"),
    "dot key": ("A.B=c\nMIGRATE_SCHEMA=a\n", "a"),
    "junk first": ("%%%\nMIGRATE_SCHEMA=a\n", "a"),
    "ref to ref escaped": ('Y="\\${Z}"\nMIGRATE_SCHEMA="${Y}"\nZ=z\n', "${Z}"),
    "hash only": ("MIGRATE_SCHEMA=#a\n", ""),
    "quote inside plain": ('MIGRATE_SCHEMA=a"b"\n', 'a"b"'),
    "dash ref": ('A-B=c\nMIGRATE_SCHEMA="${A-B}"\n', "${A-B}"),
}


@pytest.mark.parametrize(("content", "value"), READ_BY_PRISMA.values(), ids=READ_BY_PRISMA)
def test_a_file_is_read_as_prisma_reads_it(here: Path, content: str, value: str) -> None:
    write(here, content)

    found = read(here, PROC="proc")

    assert (found.values, found.warnings) == ({"MIGRATE_SCHEMA": value}, ())


UNREADABLE = {
    # Prisma takes the value up to there, or with its quotes.
    "a # without quotes": "DATABASE_URL=postgresql://app:hunter2#x@db/shop\n",
    "quotes that are not closed": f'DATABASE_URL="{URL}\nMIGRATE_SCHEMA=a\n',
    "text behind the quotes": f'DATABASE_URL="{URL}" hunter2\n',
    "text behind single quotes": f"export DATABASE_URL='{URL}' hunter2\n",
    "a colon": f"DATABASE_URL: {URL}\n",
    "backticks that are not closed": f"DATABASE_URL=`{URL}\n",
    "a variable of itself": "DATABASE_URL=${DATABASE_URL}hunter2\n",
    "two variables of each other": "A=${B}\nB=${A}hunter2\nDATABASE_URL=$A${A}\n",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_understood_of_a_setting_is_m218_with_its_name_and_never_its_value(
    here: Path, content: str
) -> None:
    write(here, content)

    assert refusal(here).problem.startswith(("DATABASE_URL in .env cannot be taken: ", "A in .env cannot be taken: "))


def test_what_cannot_be_understood_of_something_else_is_a_warning_with_its_line(here: Path) -> None:
    write(here, f'# ours\nDATABASE_URL="{URL}"\nAPI_KEY="hunter2\nMIGRATE_STRICT=true\n')

    found = read(here)

    assert found.values == {"DATABASE_URL": URL, "MIGRATE_STRICT": "true"}
    assert found.warnings == ("Line 3 of .env cannot be understood and is left out.",)


@pytest.mark.parametrize("content", [b"DATABASE_URL=hunter2\xff\n", "DATABASE_URL=hunter2".encode("utf-16")])
def test_a_file_that_is_not_utf_8_is_m218(here: Path, content: bytes) -> None:
    write(here, content)

    assert refusal(here).problem == "The file .env could not be read: it is not UTF-8."


@as_root
def test_a_file_that_may_not_be_read_is_m218(here: Path) -> None:
    write(here, f"DATABASE_URL={URL}\n")
    (here / ".env").chmod(0)

    assert refusal(here).problem == "The file .env could not be read: Permission denied."


def test_a_variable_that_is_not_set_is_nothing_as_for_prisma_and_warned_of(here: Path) -> None:
    write(here, 'DATABASE_URL="postgresql://app:${DB_PASSWORD}@db/shop"\n')

    found = read(here)

    assert found.values == {"DATABASE_URL": "postgresql://app:@db/shop"}
    assert found.warnings == ("DATABASE_URL in .env refers to ${DB_PASSWORD}, which is not set.",)
    assert read(here, DB_PASSWORD="hunter2").values == {"DATABASE_URL": URL}


def test_only_our_own_variables_are_taken_and_a_file_without_one_is_not_spoken_of(here: Path) -> None:
    write(here, "API_KEY=hunter2\nPGPASSWORD=hunter2\n")

    assert read(here) == DotenvFiles()
    write(here, f"API_KEY=hunter2\nDATABASE_URL={URL}\n")
    found = read(here)

    assert found.values == {"DATABASE_URL": URL}
    assert found.sentences({"DATABASE_URL"}) == ("Environment variables loaded from .env",)
    assert found.sentences({"MIGRATE_SCHEMA"}) == ()
    assert "hunter2" not in repr(found)


def test_there_need_not_be_a_file(here: Path) -> None:
    (here / "prisma" / ".env").mkdir(parents=True)  # as Python's environments are often named

    assert read(here) == DotenvFiles()


@pytest.mark.parametrize(
    ("place", "migrations", "shown"),
    [
        (".", None, ".env"),
        ("prisma", None, "prisma/.env"),
        ("packages/prisma", "packages/prisma/migrations", "packages/prisma/.env"),
    ],
)
def test_the_file_is_the_projects_or_beside_the_schema(
    here: Path, place: str, migrations: str | None, shown: str
) -> None:
    write(here / place, f"DATABASE_URL={URL}\n")

    found = read(here, migrations)

    assert (found.values, found.places) == ({"DATABASE_URL": URL}, {"DATABASE_URL": shown})


def test_the_root_of_the_project_is_where_the_nearest_package_json_is(here: Path) -> None:
    write(here, f"DATABASE_URL={URL}\n")
    inner = here / "services" / "shop"
    inner.mkdir(parents=True)

    assert read(inner).places == {"DATABASE_URL": "../../.env"}
    (here / "services" / "package.json").write_text("{}")

    assert read(inner).places == {}


@pytest.mark.parametrize("content", ['{"name": ".prisma/client"}', "no JSON"])
def test_a_generated_or_broken_package_json_is_passed_by(here: Path, content: str) -> None:
    write(here, f"DATABASE_URL={URL}\n")
    (here / "client").mkdir()
    (here / "client" / "package.json").write_text(content)

    assert read(here / "client").places == {"DATABASE_URL": "../.env"}


def test_without_a_package_json_the_working_directorys_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, f"DATABASE_URL={URL}\n")

    assert read(tmp_path).places == {"DATABASE_URL": ".env"}


def test_of_two_files_both_count_and_the_projects_first(here: Path) -> None:
    write(here, f"DATABASE_URL={URL}\nHOST=db\n")
    write(here / "prisma", f"DATABASE_URL={OTHER_URL}\nMIGRATE_SCHEMA=${{HOST}}_${{DATABASE_URL}}\n")

    found = read(here)

    assert found.values == {"DATABASE_URL": URL, "MIGRATE_SCHEMA": f"db_{URL}"}
    assert found.places == {"DATABASE_URL": ".env", "MIGRATE_SCHEMA": "prisma/.env"}
    assert found.sentences(found.values) == (
        "Environment variables loaded from .env",
        "Environment variables loaded from prisma/.env",
    )
    assert found.warnings == (
        "DATABASE_URL is another one in prisma/.env, which does not count: as for Prisma, the first file does.",
    )


def test_the_same_in_both_files_is_no_contradiction(here: Path) -> None:
    """Prisma refuses just that."""
    for directory in (here, here / "prisma"):
        write(directory, f"DATABASE_URL={URL}\n")

    assert read(here) == DotenvFiles({"DATABASE_URL": URL}, {"DATABASE_URL": ".env"}, ())


@pytest.mark.parametrize("empty", ["", '""', '"  "'])
def test_what_is_empty_in_the_first_file_hides_nothing_of_the_second(here: Path, empty: str) -> None:
    write(here, f"DATABASE_URL={empty}\n")
    write(here / "prisma", f"DATABASE_URL={URL}\n")

    assert read(here) == DotenvFiles({"DATABASE_URL": URL}, {"DATABASE_URL": "prisma/.env"}, ())


def test_of_several_files_beside_schemas_only_that_of_the_migrations_is_read(here: Path) -> None:
    write(here / "prisma", f"DATABASE_URL={OTHER_URL}\n")
    write(here / "packages/prisma", f"DATABASE_URL={URL}\n")

    assert read(here, "packages/prisma/migrations").values == {"DATABASE_URL": URL}


def test_the_process_wins_over_the_files(here: Path) -> None:
    write(here, f"DATABASE_URL={URL}\nMIGRATE_SCHEMA=file\nMIGRATE_HOST=localhost\nMIGRATE_STRICT=true\n")

    found = read(here)
    settings = Settings.from_env({"MIGRATE_SCHEMA": "process"}, defaults=found.values)

    assert settings == Settings(database_url=URL, schema="process", host="localhost", strict=True)
