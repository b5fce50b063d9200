"""Migration scripts as values: what each statement makes, and at what it fails."""

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

Facts = frozenset[str]
"""What is in a database, in words: `table t3_0`, `note 3:1`, `index i3_0`, `invalid i3_0`, `value e3`.

What is there twice is told twice, `note 3:1 #2`.
"""


class Form(StrEnum):
    """What a statement does."""

    MAKE = "makes an object"
    NOTE = "inserts a row, however often it is run"
    USE = "inserts a row by means of an enum value"
    VALUE = "adds an enum value"
    CONCURRENT = "builds an index concurrently"
    WRONG = "fails when it is run"
    SYNTAX = "fails when it is read"
    COPY = "is for psql"
    BEGIN = "begins a transaction"
    COMMIT = "commits it"


BAD = frozenset({Form.WRONG, Form.SYNTAX, Form.COPY})
CONTROL = frozenset({Form.BEGIN, Form.COMMIT})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its text, the fact that it makes, and the SQLSTATE with which it fails wherever it is run."""

    form: Form
    text: str
    fact: str = ""
    sqlstate: str = ""


BEGIN, COMMIT = Statement(Form.BEGIN, "BEGIN"), Statement(Form.COMMIT, "COMMIT")
MISTAKES = (
    Statement(Form.WRONG, "SELECT 1 / 0", sqlstate="22012"),
    Statement(Form.WRONG, "INSERT INTO nowhere VALUES (1)", sqlstate="42P01"),
    Statement(Form.SYNTAX, "CREAT TABLE mistaken (id int)", sqlstate="42601"),
)
COPY = Statement(Form.COPY, "COPY witness.note FROM stdin;\ncopied\n\\.\nSELECT 1", sqlstate="42601")


def table(number: int, part: int) -> Statement:
    """A table of the migration's own."""
    return Statement(Form.MAKE, f"CREATE TABLE t{number}_{part} (id int)", f"table t{number}_{part}")


def note(number: int, part: int) -> Statement:
    """A row that shows how often the script was run."""
    return Statement(Form.NOTE, f"INSERT INTO witness.note VALUES ('{number}:{part}')", f"note {number}:{part}")


def index(number: int, *, twice: bool = False, concurrently: bool = True) -> Statement:
    """An index; `twice` is on a column in which a value stands twice, at which a unique index fails."""
    fact = f"index i{number}_0"
    if not concurrently:
        return Statement(Form.MAKE, f"CREATE UNIQUE INDEX i{number}_0 ON witness.data (once)", fact)
    column = "twice" if twice else "once"
    text = f"CREATE UNIQUE INDEX CONCURRENTLY i{number}_0 ON witness.data ({column})"
    return Statement(Form.CONCURRENT, text, fact, "23505" if twice else "")


def value(number: int) -> Statement:
    """A value of an enum that was there before."""
    return Statement(Form.VALUE, f"ALTER TYPE witness.e{number} ADD VALUE 'new'", f"value e{number}")


def use(number: int) -> Statement:
    """A row that needs the value."""
    text = f"INSERT INTO witness.note SELECT '{number}:9' WHERE 'new'::witness.e{number} IS NOT NULL"
    return Statement(Form.USE, text, f"note {number}:9")


@dataclass(frozen=True, slots=True)
class Script:
    """A migration.sql. `head` is its first line, `line_end` that of all its lines, `edits` how often it was edited."""

    number: int
    statements: tuple[Statement, ...]
    head: bytes = b""
    line_end: str = "\n"
    byte_order_mark: bool = False
    edits: int = 0

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        text = "".join(f"{statement.text};\n" for statement in self.statements)
        text += f"-- edit {self.edits}\n" if self.edits else ""
        lines = (self.head + b"\n" if self.head else b"") + text.encode()
        mark = b"\xef\xbb\xbf" if self.byte_order_mark else b""
        return mark + lines.replace(b"\n", self.line_end.encode())

    @property
    def checksum(self) -> str:
        """What the history is to hold for it."""
        return sha256(self.content.decode(errors="replace").encode()).hexdigest()

    def is_recorded_as(self, checksum: str) -> bool:
        """Whether the checksum is that of this file, whatever its line endings."""
        text = self.content.decode(errors="replace")
        return checksum in {self.checksum, replace(self, line_end="\n").checksum} or checksum == _as_crlf(text)

    @property
    def facts(self) -> Facts:
        """What is in the database when all of it was run once."""
        return frozenset(statement.fact for statement in self.statements if statement.fact)

    @property
    def is_stepwise(self) -> bool:
        """Whether ours runs it step by step from the first try on."""
        executed = [each for each in self.statements if each.form not in CONTROL]
        return b"stepwise" in self.head or (len(executed) > 1 and self.is_concurrent)

    @property
    def is_concurrent(self) -> bool:
        """Whether it builds an index concurrently."""
        return any(each.form is Form.CONCURRENT for each in self.statements)

    @property
    def is_wrong(self) -> bool:
        """Whether it can be applied by neither tool."""
        return any(each.form in BAD or each.sqlstate for each in self.statements)

    @property
    def is_refused(self) -> bool:
        """Whether ours refuses it before anything runs."""
        return any(each.form is Form.COPY for each in self.statements)

    @property
    def steps(self) -> tuple[tuple[Statement, ...], ...]:
        """Its statements as steps: one each, and what stands between BEGIN and COMMIT."""
        found: list[tuple[Statement, ...]] = []
        group: list[Statement] | None = None
        for statement in self.statements:
            if group is not None or statement.form is Form.BEGIN:
                group = [*(group or ()), statement]
                if statement.form is Form.COMMIT:
                    found.append(tuple(group))
                    group = None
            else:
                found.append((statement,))
        return tuple(found)

    def mended(self, *, for_prisma: bool) -> "Script":
        """The script without its mistakes; `for_prisma`, also without what only ours can run."""
        statements = [_mended(each, self, for_prisma=for_prisma) for each in self.statements if each.form not in BAD]
        if for_prisma and any(each.form is Form.VALUE for each in statements):
            statements = [each for each in statements if each.form is not Form.USE]
        byte_order_mark = self.byte_order_mark and not for_prisma
        return replace(self, statements=tuple(statements), byte_order_mark=byte_order_mark)

    def edited(self) -> "Script":
        """The script with another comment at its end."""
        return replace(self, edits=self.edits + 1)

    def edited_at_the_top(self) -> "Script":
        """The script with another first statement, which does the same."""
        if not self.statements:
            return self.edited()
        first = self.statements[0]
        word, _, rest = first.text.partition(" ")
        text = f"{word} /* edit {self.edits} */ {rest}".rstrip()
        return replace(self, statements=(replace(first, text=text), *self.statements[1:]), edits=self.edits + 1)

    def with_other_line_ends(self) -> "Script":
        """The script as another checkout has it."""
        return replace(self, line_end="\r\n" if self.line_end == "\n" else "\n")


def _mended(statement: Statement, script: Script, *, for_prisma: bool) -> Statement:
    if statement.form is not Form.CONCURRENT:
        return statement
    alone = sum(each.form not in BAD for each in script.statements) == 1
    if statement.sqlstate or (for_prisma and not alone):
        return index(script.number, concurrently=alone or not for_prisma)
    return statement


def _as_crlf(text: str) -> str:
    return sha256(text.replace("\n", "\r\n").encode()).hexdigest()
