"""What is wrong with a database URL, in words for who wrote it: never with a word of its password."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

FORM = "postgresql://user:password@host:5432/database"
# Texts, which `re` compiles when it first needs them: most URLs have no mistakes.
_BEGINNING = r"(?is)(?P<scheme>postgres(?:ql)?)://(?P<rest>.*)"
# What ends or spoils a part of a URL. The last is a % with no two hexadecimal digits behind it.
_RESERVED = r"[#/?@\[\]\s]|%(?![0-9A-Fa-f]{2})"
_ENCODE_ALL = (
    "Percent-encode the characters # ? / @ : [ ] % in the user name and the password "
    "(# is %23, @ is %40, / is %2F), or give the parts in a secret, where nothing needs encoding."
)
_KEYWORD = r"\s*(host|hostaddr|port|user|password|dbname|sslmode)\s*="
_SHOWN = 6
NOT_REPLACED = (
    "It looks as if the name of a variable was not replaced ($NAME or ${NAME}): in a shell, put the URL between double "
    "quotes and set the variable; in .env only ${NAME} is replaced."
)
_VARIABLE = r"\$\{\w+\}|^\$[A-Z_][A-Z0-9_]*$"
_PLACEHOLDER = r"(?i)\[[A-Za-z _-]+\]|<[A-Za-z _-]+>|\{[A-Za-z _-]+\}|YOUR[-_ ]PASSWORD"
_REPLACE = (
    "The password is still the placeholder of the page that the URL was copied from, such as [YOUR-PASSWORD]: write "
    "the password in its place, without the brackets, and percent-encoded (migrate-lambda url encode)."
)


class Login(NamedTuple):
    """User name and password of a URL as they stand in it, and what comes behind their `@`."""

    user: str
    password: str | None
    rest: str


def login_of(url: str) -> Login | None:
    """What stands before the last `@` of a URL, which is the one before the host; None without one.

    One behind the `?` of a URL that is whole without it belongs to a parameter, or to a password: nobody knows.
    """
    found = re.fullmatch(_BEGINNING, url)
    if found is None or "@" not in found["rest"] or _at_is_of_a_parameter(found["rest"]):
        return None
    before, _, rest = found["rest"].rpartition("@")
    user, colon, password = before.partition(":")
    return Login(user, password if colon else None, rest)


def _at_is_of_a_parameter(rest: str) -> bool:
    return re.match(r"[^@/?#]*@[^@/?#]*/[^@?#]*\?[^#]*@", rest) is not None


def encode_advice(url: str) -> str:
    """What to write in the place of which characters of user name and password; in general where none is found."""
    login = login_of(url)
    if login is None:
        return f"{_ENCODE_ALL} An @ in a parameter is %40 too." if "@" in url.partition("?")[2] else _ENCODE_ALL
    if has_placeholder(url):
        return _REPLACE
    found = [*_spoilt("user name", login.user), *_spoilt("password", login.password or "")]
    if not found:
        return _ENCODE_ALL
    return f"{' '.join(found)} Or give the parts in a secret, where nothing needs encoding."


def has_placeholder(url: str) -> bool:
    """Whether there is, in the place of the password, what a hosting page shows for it."""
    login = login_of(url)
    return login is not None and re.fullmatch(_PLACEHOLDER, unquote(login.password or "")) is not None


def spoilt_characters(url: str) -> tuple[str, ...]:
    """Sentences on a user name and password that are not encoded, or are not yet there."""
    login = login_of(url)
    if login is None:
        return ()
    if has_placeholder(url):
        return (_REPLACE,)
    password = login.password or ""
    not_replaced = (NOT_REPLACED,) if re.search(_VARIABLE, login.user) or re.search(_VARIABLE, password) else ()
    return (*not_replaced, *_spoilt("user name", login.user), *_spoilt("password", password))


def _spoilt(part: str, text: str) -> Iterator[str]:
    places: dict[str, list[int]] = {}
    for match in re.finditer(_RESERVED, text):
        places.setdefault(match[0], []).append(match.start() + 1)
    if places:
        listed = _enumerated([f"{_named(each)} ({_numbered(at)})" for each, at in places.items()])
        yield f"The {part} contains {listed}: write {_enumerated([quote(each, safe='') for each in places])}."


def _named(character: str) -> str:
    if character.isspace():
        return "a blank" if character == " " else "a line break or tab"
    return "% without two hexadecimal digits" if character == "%" else character


def _numbered(places: list[int]) -> str:
    shown = _enumerated([str(place) for place in places[:_SHOWN]])
    more = " and more" if places[_SHOWN:] else ""
    return f"character{'s' if places[1:] else ''} {shown}{more}"


def _enumerated(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def repaired(url: str) -> str | None:
    """The URL with its user name and password encoded; None where they are not found."""
    login = login_of(url)
    if login is None:
        return None
    password = "" if login.password is None else f":{_encoded(login.password)}"
    return f"postgresql://{_encoded(login.user)}{password}@{login.rest}"


def _encoded(part: str) -> str:
    """With what is encoded already left as it is."""
    return re.sub(_RESERVED, lambda match: quote(match[0], safe=""), part)


def without_password(url: str) -> str | None:
    """A URL for people, with `***` for the password and without its parameters."""
    login = login_of(url)
    if login is None:
        return None
    password = "" if login.password is None else ":***"
    place, question_mark, _ = login.rest.partition("?")
    return f"postgresql://{login.user}{password}@{place}{'?…' if question_mark else ''}"


def protocol_advice(url: str) -> str:
    """What to write in the place of something that does not begin as a URL of PostgreSQL does."""
    text = url.strip()
    for beginning, advice in _OTHER_BEGINNINGS:
        if re.match(beginning, text, re.IGNORECASE):
            return advice
    return f"Write it as {FORM}, without quotes round it."


_OTHER_BEGINNINGS = (
    ("[\"'`\u2018\u2019\u201c\u201d]", f"Remove the quotes round it: {FORM}."),
    (r"(export\s+)?[A-Z_]+\s*=\s*[\"']?postgres", f"Give what stands behind the = alone, without quotes: {FORM}."),
    (
        r"jdbc:",
        "This is a URL for Java, which has user and password elsewhere. Remove jdbc: and put them before the host: "
        f"{FORM}.",
    ),
    (
        r"prisma(\+postgres)?:",
        "This is the URL of Prisma Accelerate or Prisma Postgres, behind which no database can be migrated. Give "
        f"the direct one: {FORM}.",
    ),
    (r"(mysql|mariadb|mysql2):", f"This is a URL of MySQL or MariaDB; here it is PostgreSQL: {FORM}."),
    (r"(sqlserver|mssql):", f"This is a URL of SQL Server; here it is PostgreSQL: {FORM}."),
    (r"(mongodb(\+srv)?|sqlite|file|cockroachdb):", f"This is a URL of another database than PostgreSQL: {FORM}."),
    (r"postgres(ql)?\+\w+:", f"Remove the + and the name of the driver behind it: {FORM}."),
    (r"postgres(ql)?:(?!//)", f"Write two slashes behind the colon: {FORM}."),
    (_KEYWORD, f"This is libpq's form of keywords and values. Write it as a URL: {FORM}."),
    (r"\$|env\(", f"Give the URL itself, not the name of a variable: {FORM}."),
    (r"[^\s/:@]+(:[^\s@]*)?@", f"Write postgresql:// before it: {FORM}."),
)
