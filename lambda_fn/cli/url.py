"""`url encode|check`: a password made fit for a database URL, and a URL explained."""

import sys
from collections.abc import Iterator
from getpass import getpass

from lambda_fn.cli import project
from lambda_fn.cli.command import Command, Given, Group, switch, word
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.domain.form import TEXT
from lambda_fn.domain.url_check import UrlReport, check, encoded
from lambda_fn.errors import request as request_errors
from lambda_fn.errors import settings as settings_errors
from lambda_fn.settings import process_environment

_VARIABLE = "DATABASE_URL"


def encode(given: Given) -> int:
    """Print the password as it has to stand in a URL, and nothing else. Raises: RequestInvalid M104."""
    password = _password() if given.password is None else given.password
    if not password or not TEXT.fits(password):
        raise request_errors.wrong_value("The password", "a non-empty text without NUL characters", "hunter2#")
    Screen(sys.stdout).print(encoded(password))
    return 0


def _password() -> str:
    if sys.stdin.isatty():
        return getpass("Password: ", stream=sys.stderr)
    return sys.stdin.readline().rstrip("\r\n")


def explain(given: Given) -> int:
    """Explain the URL, and return 0 for one that can be read, else 2. Raises: SettingsInvalid M202, M218."""
    report = check(_url() if given.url is None else given.url)
    if given.json:
        print_json(_to_json(report))
    else:
        for line in _lines(report):
            Screen(sys.stdout).print(line)
    return 0 if report.error is None else report.error.exit_code


def _url() -> str:
    """The URL of the environment, else of an `.env` file."""
    url = process_environment().get(_VARIABLE, "")
    if url.strip():
        return url
    files = project.read_files(None)
    project.tell(files, (_VARIABLE,), Screen(sys.stderr))
    url = files.values.get(_VARIABLE, "")
    if url.strip():
        return url
    raise settings_errors.no_database()


def _lines(report: UrlReport) -> Iterator[str]:
    if report.error is not None:
        yield f"ERROR: {report.error.text}"
        if report.corrected is not None:
            yield f"Most likely it should be: {report.corrected}"
        return
    yield from (f"{name}: {what}" for name, what in report.parts)
    yield f"TLS: {report.tls}"
    yield from (f"{name}: {reason}" for name, reason in report.dropped)
    yield from (f"WARNING: {warning}" for warning in report.warnings)


def _to_json(report: UrlReport) -> dict[str, object]:
    error = report.error
    return {
        "valid": error is None,
        "parts": dict(report.parts),
        "tls": report.tls or None,
        "dropped": [{"parameter": name, "reason": reason} for name, reason in report.dropped],
        "warnings": list(report.warnings),
        "error": error and {"code": error.code, "message": error.problem, "nextStep": error.next_step},
        "corrected": report.corrected,
    }


OF_URL = (
    Command(
        "encode",
        "Percent-encode a password for a database URL. Without one, ask for it, or take a line of standard input.",
        ("migrate-lambda url encode", "pass shop/database | migrate-lambda url encode"),
        (word("password", "The password; better not given here, where a shell keeps it.", "[PASSWORD]"),),
        encode,
    ),
    Command(
        "check",
        "Explain a database URL, by default DATABASE_URL, and say what is wrong with it. No connection is made.",
        ("migrate-lambda url check", "migrate-lambda url check --json"),
        (word("url", "The URL; better in DATABASE_URL than here.", "[URL]"), switch("--json", "Print it as JSON.")),
        explain,
    ),
)
COMMANDS = (Group("url", "Encode a password for a database URL, or explain a URL.", OF_URL),)
