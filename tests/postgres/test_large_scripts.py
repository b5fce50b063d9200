"""What large scripts cost the client and the server, and the statement that would cost the server too much."""

import dataclasses
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lambda_fn.domain.chunks import CHUNK_BYTES
from lambda_fn.domain.outcome import Status
from lambda_fn.errors import MigrateError
from tests.fixtures.projects import Project
from tests.fixtures.proxy import CountingProxy
from tests.fixtures.terminal import environment

A, B = "20240101000000_a", "20240102000000_b"
TABLE = "CREATE TABLE a (n int);\n"
MEBIBYTE = 1024 * 1024
PROCESS_STATUS = Path("/proc/self/status")

# The most that a process has had in memory since it began; what its parent had counts for resource.getrusage().
PROGRAM = f"""
import sys
from lambda_fn.cli import main
try:
    sys.exit(main(program="migrate-lambda"))
finally:
    print(open("{PROCESS_STATUS}").read())
"""
SAY_PEAK_OF_SERVER = (
    "DO $$ BEGIN RAISE NOTICE 'the server has had %', "
    f"substring(pg_read_file('{PROCESS_STATUS}') FROM 'VmHWM:.*?kB'); END $$;\n"
)
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


@dataclass(frozen=True)
class Deployed:
    """What a deploy said, and the most memory that the two sides have had."""

    said: str
    server_bytes: int
    client_bytes: int


def deploy(project: Project, script: bytes) -> Deployed:
    """Deploy a script in a process of its own, by a new session."""
    project.write(B, script)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "deploy", "--database-url", project.url, "--migrations", project.directory],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )
    server, client = (int(found) * 1024 for found in PEAK.findall(done.stdout))
    return Deployed(done.stdout, server, client)


def inserts(size_bytes: int) -> str:
    """Statements of 4 KiB each."""
    statement = f"INSERT INTO a VALUES (length('{'x' * 4062}'));\n"
    return statement * (size_bytes // len(statement))


LARGE = 32 * MEBIBYTE  # twice this is more than the client may have
ENDS = {
    "without an error": ("", "", "have been successfully applied"),
    "in a transaction of the author": ("BEGIN;\n", "COMMIT;\n", "have been successfully applied"),
    "with an error at its end": ("", "INSERT INTO nowhere VALUES (1);\n", "42P01 in statement 8"),
    "with a syntax error at its end": ("", "INSERT INTO a VALES (1);\n", "42601 in statement 8"),
}


@pytest.mark.skipif(not PROCESS_STATUS.exists(), reason="only Linux says in /proc how much memory a process has had")
@pytest.mark.parametrize(("begin", "end", "says"), ENDS.values(), ids=ENDS)
def test_a_large_script_is_in_the_memory_of_the_client_once_and_of_the_server_in_chunks(
    one_project: Project, begin: str, end: str, says: str
) -> None:
    one_project.write(A, TABLE)
    # What the server has had is said before the last chunk, for a syntax error keeps all of that from running.
    script = f"{begin}{inserts(LARGE)}{SAY_PEAK_OF_SERVER}{inserts(CHUNK_BYTES)}{end}".encode()

    deployed = deploy(one_project, script)

    assert says in deployed.said
    assert LARGE < deployed.client_bytes < 64 * MEBIBYTE + LARGE
    assert deployed.server_bytes < 100 * MEBIBYTE


def test_a_large_transaction_of_the_author_in_a_file_in_steps_is_sent_in_chunks(
    one_project: Project, counting_proxy: CountingProxy
) -> None:
    one_project.write(A, TABLE)
    one_project.write(B, f"-- migrate: stepwise\nBEGIN;\n{inserts(2 * MEBIBYTE)}COMMIT;\nVACUUM a;\n")

    outcome = one_project.run(settings=one_project.settings_for(counting_proxy.url(one_project.database)))

    assert outcome.status is Status.APPLIED
    assert CHUNK_BYTES < max(map(len, counting_proxy.traffic.queries)) < 2 * CHUNK_BYTES


def test_a_statement_that_the_setting_allows_may_stand_in_a_file_that_has_to_be_run_in_steps(
    one_project: Project,
) -> None:
    one_project.write(A, f"{TABLE}CREATE TYPE e AS ENUM ('a');\n")
    one_project.write(
        B,
        f"INSERT INTO a VALUES (length('{'x' * 17 * MEBIBYTE}'));\n"
        "ALTER TYPE e ADD VALUE 'b';\nCREATE TABLE c AS SELECT 'b'::e AS e;\n",
    )

    outcome = one_project.run(settings=dataclasses.replace(one_project.settings, max_statement_mib=18))

    assert outcome.status is Status.APPLIED
    assert one_project.value("SELECT n FROM a") == 17 * MEBIBYTE


def refusal(project: Project, action: str, max_statement_mib: int) -> MigrateError:
    """The error of an action that was refused, after a look that nothing at all was changed."""
    settings = dataclasses.replace(project.settings, max_statement_mib=max_statement_mib)
    outcome = project.run(action, settings=settings)
    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert project.tables_with_history() == set()
    return outcome.error


@pytest.mark.parametrize("action", ["deploy", "plan"])
def test_a_statement_that_is_too_large_for_the_server_is_refused_before_anything_runs(
    one_project: Project, action: str
) -> None:
    rows = ",\n".join(f"({number})" for number in range(250_000))
    one_project.write(A, TABLE)
    one_project.write(B, f"-- Prices\nINSERT INTO a VALUES {rows};\n")

    error = refusal(one_project, action, 1)

    assert (error.code, error.where.migration, error.where.line, error.where.column) == ("M223", B, 2, 1)
    assert "2.3 MiB" in error.problem
    assert "the limit is 1 MiB" in error.problem
    assert "MIGRATE_MAX_STATEMENT_MIB" in error.next_step


def test_a_larger_statement_runs_where_the_setting_allows_it(one_project: Project) -> None:
    rows = ", ".join("(1)" for _ in range(250_000))
    one_project.write(A, f"{TABLE}INSERT INTO a VALUES {rows};\n")
    refusal(one_project, "deploy", 1)

    outcome = one_project.run(settings=dataclasses.replace(one_project.settings, max_statement_mib=2))

    assert outcome.status is Status.APPLIED
    assert one_project.value("SELECT count(*) FROM a") == 250_000
