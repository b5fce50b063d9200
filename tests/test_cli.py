"""The terminal: what it prints where, and how it exits."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lambda_fn import __version__
from lambda_fn.cli import main
from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import Action
from lambda_fn.errors import InternalError, MigrateError
from tests.fixtures.examined import ALWAYS
from tests.fixtures.planted import check_said
from tests.fixtures.projects import Project
from tests.fixtures.sessions import open_session
from tests.fixtures.terminal import environment, printed_outcome

A, B = "20240101000000_a", "20240102000000_b"
NOWHERE = "postgresql://app:hunter2@127.0.0.1:1/shop"


@dataclass(frozen=True)
class Ended:
    """What a command line came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def outcome(self) -> dict[str, Any]:
        """What was printed with --json, checked against the published schema."""
        return printed_outcome(self.stdout)


class Terminal:
    """Runs command lines in this process."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self.project = project
        self._capsys = capsys

    def run(self, *arguments: str, url: str | None = None, directory: Path | None = None) -> Ended:
        """Run an action on the project's database and directory, or on others."""
        places = ["--database-url", url or self.project.url, "--migrations", str(directory or self.project.directory)]
        return self.run_as_it_is(*arguments, *places)

    def run_as_it_is(self, *arguments: str) -> Ended:
        """Run a command line."""
        code = main(arguments)
        ended = Ended(code, *self._capsys.readouterr())
        check_said(ended.stdout, ended.stderr)
        return ended


@pytest.fixture
def terminal(one_project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A project of two migrations, and a terminal without settings in its environment."""
    for name in list(os.environ):
        if name.startswith(("MIGRATE_", "DATABASE_URL")):
            monkeypatch.delenv(name)
    one_project.write(A, "CREATE TABLE a (id int);")
    one_project.write(B, "CREATE TABLE b (id int);")
    return Terminal(one_project, capsys)


def test_a_deploy_prints_its_sentences_and_exits_with_0(terminal: Terminal) -> None:
    first, second = terminal.run("deploy"), terminal.run("deploy")

    assert (first.code, first.stderr, second.code, second.stderr) == (0, "", 0, "")
    lines = first.stdout.splitlines()
    assert lines[:2] == ["Running Database Migrations", f"2 migrations found in {terminal.project.directory}"]
    assert lines[-1] == "Migrations completed successfully"
    assert f"The following migrations have been applied: {A}, {B}" in lines
    assert second.stdout.splitlines()[-2:] == ["No pending migrations to apply.", "Migrations completed successfully"]


def test_with_json_stdout_is_the_outcome_and_all_else_is_on_stderr(terminal: Terminal) -> None:
    ended = terminal.run("deploy", "--json")

    assert ended.outcome["status"] == "applied"
    assert [migration["name"] for migration in ended.outcome["applied"]] == [A, B]
    assert ended.stderr.splitlines()[0] == "Running Database Migrations"
    assert ended.stderr.splitlines()[-1] == "Migrations completed successfully"


def test_with_json_an_error_too_is_an_outcome(terminal: Terminal) -> None:
    terminal.project.write(B, "SELECT 1/0;")

    ended = terminal.run("deploy", "--json")

    assert ended.code == 5
    assert (ended.outcome["status"], ended.outcome["error"]["code"]) == ("failed", "P3018")
    assert [migration["name"] for migration in ended.outcome["applied"]] == [A]
    assert f"ERROR: P3018 Migration {B} failed to apply" in ended.stderr


def test_with_json_a_request_that_is_refused_is_an_outcome(terminal: Terminal) -> None:
    ended = terminal.run("verify", "--lock-wait-s", "soon", "--json")

    assert ended.code == 2
    assert (ended.outcome["action"], ended.outcome["error"]["class"]) == ("verify", "RequestInvalid")
    assert ended.stderr.startswith("ERROR: M104 ")


def test_status_exits_with_1_while_something_is_pending(terminal: Terminal) -> None:
    before = terminal.run("status")
    terminal.run("deploy")
    after = terminal.run("status")

    assert (before.code, after.code) == (1, 0)
    assert f"Following migrations have not yet been applied:\n{A}\n{B}\n" in before.stdout
    assert after.stdout.endswith("Database schema is up to date!\n")


def test_verify_exits_with_1_while_something_is_pending_or_required(terminal: Terminal) -> None:
    pending = terminal.run("verify")
    terminal.run("deploy", "--to", A)

    assert (pending.code, "ERROR: M503 " in pending.stdout) == (1, True)
    assert terminal.run("verify", "--to", A).code == 0
    assert terminal.run("verify", "--to", A, "--requires", A).code == 0
    assert terminal.run("verify", "--to", A, "--requires", B).code == 1


def test_a_plan_exits_with_0_and_changes_nothing(terminal: Terminal) -> None:
    ended = terminal.run("plan", "--json")

    assert ended.code == 0
    assert [migration["mode"] for migration in ended.outcome["pending"]] == ["atomic", "atomic"]
    assert terminal.project.tables_with_history() == set()


def test_resolve_marks_several_names(terminal: Terminal) -> None:
    terminal.project.query("CREATE TABLE a (id int)")

    ended = terminal.run("resolve", "--applied", A, B)

    assert ended.code == 0
    assert ended.stdout.endswith(f"Migration {A} marked as applied.\nMigration {B} marked as applied.\n")
    assert terminal.run("status").code == 0


def test_a_failed_row_exits_with_4_whatever_is_asked_for(terminal: Terminal) -> None:
    terminal.run("deploy", "--to", A)
    terminal.project.query("UPDATE _prisma_migrations SET finished_at = NULL")

    assert {action: terminal.run(action).code for action in ("deploy", "status", "plan", "verify")} == dict.fromkeys(
        ("deploy", "status", "plan", "verify"), 4
    )
    assert terminal.run("resolve", "--rolled-back", A).code == 0
    assert terminal.run("resolve", "--rolled-back", B).code == 4


def test_a_database_that_is_not_there_exits_with_3_and_no_password_is_printed(terminal: Terminal) -> None:
    ended = terminal.run("deploy", url=NOWHERE)

    assert ended.code == 3
    assert "ERROR: P1001 Can't reach database server at `127.0.0.1:1`" in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr


def test_a_lock_that_others_hold_exits_with_3(terminal: Terminal) -> None:
    with open_session(terminal.project):
        ended = terminal.run("deploy", "--lock-wait-s", "0")

    assert (ended.code, "ERROR: P1002 " in ended.stdout) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["deploy", "--to", "unknown"], "M106"),
        (["deploy", "--to", ""], "M104"),
        (["deploy", "--lock-wait-s", "-1"], "M104"),
        (["deploy", "--owner-role", "nosuchrole"], "M305"),
        (["resolve"], "M105"),
        (["resolve", "--applied", A, "--rolled-back", B], "M105"),
    ],
)
def test_what_is_wrong_with_request_or_settings_exits_with_2(
    terminal: Terminal, arguments: list[str], code: str
) -> None:
    ended = terminal.run(*arguments)

    assert (ended.code, f"ERROR: {code} " in ended.stdout) == (2, True)


def test_a_directory_that_is_not_there_exits_with_2(terminal: Terminal) -> None:
    assert terminal.run("deploy", directory=Path("/nowhere")).code == 2


def test_strict_makes_a_warning_an_error(terminal: Terminal) -> None:
    terminal.run("deploy", "--to", A)
    terminal.project.write(A, "SELECT 'edited';")

    lenient, strict = terminal.run("status"), terminal.run("deploy", "--strict")

    assert "WARNING: M510 " in lenient.stdout
    assert (strict.code, "ERROR: M502 " in strict.stdout) == (4, True)


def test_schema_puts_history_and_tables_into_a_schema(terminal: Terminal) -> None:
    assert terminal.run("deploy", "--schema", "app").code == 0
    assert terminal.project.tables_with_history("app") == {"a", "b", "_prisma_migrations"}


def test_settings_come_from_the_environment_and_options_win(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATE_SCHEMA", "from_environment")
    monkeypatch.setenv("MIGRATE_SECRET_ID", "would/need/aws")
    monkeypatch.setenv("MIGRATE_DIR", "/nowhere")

    assert terminal.run("deploy").code == 0
    assert terminal.run("deploy", "--schema", "from_option").code == 0
    assert terminal.project.tables("from_environment") == terminal.project.tables("from_option") == {"a", "b"}


def test_a_url_on_the_command_line_is_another_database_than_the_one_that_is_set(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"SECRET_ID": "x", "HOST": "nowhere", "PORT": "1", "DBNAME": "other", "USER": "nobody"}.items():
        monkeypatch.setenv(f"MIGRATE_{name}", value)

    ended = terminal.run("deploy", "--json")

    assert ended.outcome["status"] == "applied"
    assert ended.outcome["database"].endswith(f"/{terminal.project.database}")


def test_a_setting_that_is_wrong_exits_with_2(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_STRICT", "perhaps")

    ended = terminal.run("deploy")

    assert (ended.code, ended.stdout.startswith("ERROR: M201 ")) == (2, True)


@pytest.mark.parametrize("kind", MigrateError.__subclasses__())
def test_the_exit_code_of_an_error_is_that_of_its_class(kind: type[MigrateError]) -> None:
    outcome = Outcome(Action.DEPLOY, Status.FAILED, "r", 0, error=kind("M999", "a.", "b."))

    assert exit_code(outcome) == kind.exit_code
    assert InternalError.exit_code == 70


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["reset"], "reset"),
        (["deploy", "--requires", "x"], "--requires"),
        (["resolve", "--to", "x"], "--to"),
        (["status", "--applied", "x"], "--applied"),
    ],
)
def test_a_command_line_that_cannot_be_read_exits_with_2_and_says_why(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    stdout, stderr = capsys.readouterr()
    assert (stdout, said in stderr) == ("", True)


def test_help_names_every_action_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    text = capsys.readouterr().out
    assert all(action.value in text for action in Action)
    assert {str(kind.exit_code) for kind in MigrateError.__subclasses__()} <= set(text.replace(";", " ").split())


@pytest.mark.parametrize("action", Action)
def test_each_action_has_a_help_of_its_own(action: Action, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([action.value, "--help"]) == 0

    text = capsys.readouterr().out
    assert "--database-url" in text
    assert ("--to " in text) is (action not in (Action.RESOLVE, Action.DOCTOR, Action.HISTORY))
    assert f"  migrate-lambda {action}" in text, "an example to paste"


def test_doctor_prints_a_line_for_each_check_and_exits_with_0(terminal: Terminal) -> None:
    ended = terminal.run("doctor")

    assert (ended.code, ended.stderr) == (0, "")
    assert [line.split(":")[0] for line in ended.stdout.splitlines()] == [f"passed {name}" for name in ALWAYS]
    assert terminal.project.tables_with_history() == set()


def test_doctor_says_what_failed_and_what_to_do_and_exits_as_the_first_failure_does(terminal: Terminal) -> None:
    ended = terminal.run("doctor", "--json", url=NOWHERE)

    assert (ended.code, ended.outcome["status"], ended.outcome["error"]) == (3, "failed", None)
    [port] = [check for check in ended.outcome["checks"] if check["result"] == "failed"]
    assert (port["name"], port["code"]) == ("port", "M322")
    assert f"ERROR: failed port: M322 {port['message']} What to do: {port['nextStep']}" in ended.stderr.splitlines()
    assert "WARNING: unknown login: not looked at: needs port" in ended.stderr.splitlines()


def test_doctor_tells_of_the_directory_and_of_the_database_in_one_go(terminal: Terminal) -> None:
    ended = terminal.run("doctor", "--json", directory=Path("/nowhere"))

    failed = [check["name"] for check in ended.outcome["checks"] if check["result"] == "failed"]
    assert (ended.code, failed) == (2, ["directory"])


@pytest.mark.parametrize("library", ["typer", "dotenv"])
def test_without_the_extra_it_is_said_how_to_install_it(library: str, tmp_path: Path) -> None:
    """As in the package for Lambda, which has no terminal's libraries. What reads `.env` is needed for one only."""
    (tmp_path / ".env").write_text("DATABASE_URL=x")
    program = f"import sys; sys.modules['{library}'] = None; from lambda_fn.cli import main; main(['status'])"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith(f"migrate-lambda needs {library}, which its extra brings: pip install '.[cli]'")


def test_a_plan_as_markdown_has_the_output_to_itself(terminal: Terminal) -> None:
    terminal.run("deploy", "--to", A)
    terminal.project.write(B, "DROP TABLE a;")

    ended = terminal.run("plan", "--markdown")

    assert ended.code == 0
    assert ended.stdout.startswith("#")
    assert "DROP TABLE" in ended.stdout
    assert "2 migrations found in" in ended.stderr
    assert "--markdown" not in terminal.run("status", "--help").stdout


def test_a_baseline_and_the_history_of_it(terminal: Terminal) -> None:
    terminal.project.query("CREATE TABLE a (id int)")

    baselined, again = terminal.run("baseline", "--to", A), terminal.run("baseline", "--to", B)
    shown = terminal.run_as_it_is("history", "--name", "_a", "--json", "--database-url", terminal.project.url)

    assert (baselined.code, again.code, shown.code) == (0, 4, 0)
    assert f"Migration {A} marked as applied." in baselined.stdout
    assert "ERROR: M508 " in again.stdout
    assert [(row["name"], row["state"], row["marked"]) for row in shown.outcome["history"]] == [(A, "applied", True)]


def test_names_behind_an_option_belong_to_it(terminal: Terminal) -> None:
    both = terminal.run("resolve", "--applied", A, B)
    neither = terminal.run("resolve", A)

    assert (both.code, terminal.run("status").code) == (0, 0)
    assert neither.code == 2
    assert neither.stdout.startswith("ERROR: M114 The command line is not understood: a name stands by itself")


SECRET = "hunter2secret"
IN_A_WRONG_PLACE = f"postgresql://app:{SECRET}@db.internal/shop"


@pytest.mark.parametrize(
    "arguments",
    [
        [IN_A_WRONG_PLACE],
        ["status", IN_A_WRONG_PLACE],
        ["url", "check", "x", IN_A_WRONG_PLACE],
        ["url", "encode", "a", SECRET],
        ["resolve", IN_A_WRONG_PLACE],
        ["resolve", "--applied", IN_A_WRONG_PLACE],
        ["deploy", "--to", IN_A_WRONG_PLACE],
        ["verify", "--requires", IN_A_WRONG_PLACE],
        ["status", "--secret", IN_A_WRONG_PLACE],
        ["status", "--host", IN_A_WRONG_PLACE],
        ["invoke", "migrate", IN_A_WRONG_PLACE],
        ["deploy", f"--{IN_A_WRONG_PLACE}"],
    ],
    ids=lambda arguments: " ".join(arguments).replace(SECRET, ""),
)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_password_in_a_wrong_place_is_not_repeated(
    arguments: list[str], as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *(["--json"] if as_json else [])]) == 2

    stdout, stderr = capsys.readouterr()
    assert SECRET not in stdout + stderr
    assert "ERROR: M" in stdout + stderr


@pytest.mark.parametrize(
    "arguments", [["status", "--bogus"], ["deploy", "extra"], ["verify", "--timeout-s"], ["status", "--", "ls"]]
)
def test_with_json_a_command_line_that_is_not_understood_is_an_outcome(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([arguments[0], "--json", *arguments[1:]]) == 2

    stdout, stderr = capsys.readouterr()
    outcome = printed_outcome(stdout)
    assert (outcome["action"], outcome["status"], outcome["error"]["code"]) == (arguments[0], "failed", "M114")
    assert stderr.startswith("ERROR: M114 ")


@pytest.mark.parametrize("arguments", [["explain", "--bogus"], ["logs"], ["new", ""], ["url", "check", "--bogus"]])
def test_with_json_an_error_of_another_command_is_json_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json"]) == 2

    stdout, stderr = capsys.readouterr()
    assert stderr.startswith(f"ERROR: {json.loads(stdout)['error']['code']} ")


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"migrate-lambda {__version__}\n"


def test_what_stands_behind_two_dashes_is_an_argument_of_any_other_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["url", "encode", "--", "-#"]) == 0
    assert capsys.readouterr().out == "-%23\n"
    assert main(["history", "--name", "deploy", "--", "echo", "became"]) == 2
    assert "became" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "offered"),
    [("migrate-lambda dep", {"deploy"}), ("migrate-lambda deploy --lock", {"--lock-wait-s", "--lock-budget-s"})],
)
def test_a_shell_can_complete_commands_and_options(
    words: str, offered: set[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `migrate-lambda --install-completion` sets it up."""
    monkeypatch.setenv("_MIGRATE_LAMBDA_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    with pytest.raises(SystemExit):
        main([])

    assert set(capsys.readouterr().out.split()) == offered


def test_a_module_of_python_offers_no_completion_which_would_be_pythons(capsys: pytest.CaptureFixture[str]) -> None:
    helps = {}
    for program in ("migrate-lambda", "python -m lambda_fn"):
        main(["--help"], program=program)
        helps[program] = "--install-completion" in capsys.readouterr().out

    assert helps == {"migrate-lambda": True, "python -m lambda_fn": False}
