"""Writes `docs/errors.md` from the functions that make the errors: `python -m tests.error_reference`.

What an error means is the docstring of its function, and the example is what that function makes.
"""

import inspect
import itertools
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, NoneType

from lambda_fn.domain.checksum import checksum_of
from lambda_fn.domain.forwarding import session_command, way_to_open
from lambda_fn.domain.history import History, MigrationRecord
from lambda_fn.domain.journal import Journal
from lambda_fn.domain.migration import Migration
from lambda_fn.domain.new_name import new_name
from lambda_fn.domain.plan import Diagnostic, Plan, make_plan
from lambda_fn.domain.request import Action
from lambda_fn.domain.target import Overrides, Target
from lambda_fn.domain.tls import weakness
from lambda_fn.domain.url import target_from_url
from lambda_fn.domain.url_mistakes import encode_advice
from lambda_fn.errors import (
    MigrateError,
    Whereabouts,
    account,
    answer,
    apply,
    connection,
    deadline,
    doctor,
    history,
    internal,
    request,
    settings,
)
from lambda_fn.errors.classes import Stayed

REFERENCE = Path(__file__).parents[1] / "docs" / "errors.md"
MODULES = (request, settings, connection, doctor, deadline, history, apply, answer, account, internal)

# These make no error of their own: they choose among the functions that do, or say it in other words.
DISPATCHERS = frozenset({internal.from_exception, deadline.interrupted})

_NAME = "20240102000000_orders"
_UNNAMED = Target("", 5432, "app", None, "shop").overridden(Overrides("localhost", 15432))
_FORWARDED = target_from_url("postgresql://db.internal").overridden(Overrides("localhost", 15432))


def _place(line: str) -> Whereabouts:
    """Line 3 of a script, its first column."""
    return Whereabouts(_NAME, "42601", statement=2, line=3, column=1, excerpt=f"    3 | {line}\n        ^")


_EXAMPLES: dict[str, object] = {
    "action": "reset",
    "address": "db.internal:5432",
    "dbname": "shop",
    "doing": "reading the history",
    "error": LookupError(),
    "event": "deploy",
    "example": "60",
    "expected": "a number of seconds, 0 or more",
    "failed": [(_NAME, "2024-01-02 03:04:05.678", 'ERROR: relation "orders" already exists (SQLSTATE 42P07)')],
    "first": "20240101000000_init",
    "function": "migrate",
    "group": "/aws/lambda/migrate",
    "holder": "backend 4711 (mig/9c1e, user app, idle for 3 s)",
    "host": "db.internal",
    "key": "lockWaitS",
    "keys": ["dryRun"],
    "known": ["action", "schema", "ownerRole", "strict", "lockWaitS", "to"],
    "lines": (),
    "message": "permission denied for table _prisma_migrations",
    "migration": _NAME,
    "missing": ["host", "dbname"],
    "module": "psycopg",
    "name": _NAME,
    "next_step": "Mend the file.",
    "path": "/opt/migrations",
    "pending": [_NAME, "20240103000000_prices"],
    "places": ["/opt/migrations", "/var/task/migrations"],
    "problems": [f"Edited after it was applied, and not run again: {_NAME}."],
    "provider": "mysql",
    "region": "eu-central-1",
    "reason": "Connection refused",
    "role": "app_owner",
    "schema": "public",
    "secret_id": "shop/database",
    "ahead_s": 121.5,
    "left_s": 3.0,
    "limit_mib": 16,
    "limit_s": 5.0,
    "owners": [("app_clone", 12)],
    "offered": ["deploy", "verify"],
    "option": "Schema",
    "request_type": "Recreate",
    "reserve_s": 20.0,
    "service": "Lambda",
    "size_mib": 48.2,
    "sqlstate": "53200",
    "stack": "shop",
    "subnets": ["subnet-0a1b in vpc-0a", "subnet-0c2d in vpc-0b"],
    "status": "pending",
    "tag": "ROLLBACK",
    "user": "app",
    "version": "13.14",
    "wait_s": 600.0,
    "stayed": Stayed(),
    "where": Whereabouts(_NAME),
}
# Where one example does not fit all functions.
_BETTER: dict[tuple[str, str], object] = {
    ("access_denied_by_aws", "action"): "lambda:InvokeFunction",
    ("access_denied_by_aws", "reason"): (
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: lambda:InvokeFunction on resource: "
        "arn:aws:lambda:eu-central-1:123456789012:function:migrate"
    ),
    ("answer_is_no_outcome", "action"): "deploy",
    ("answer_lost", "reason"): "ConnectionClosedError",
    ("aws_unreachable", "reason"): "EndpointConnectionError",
    ("function_cannot_start", "reason"): (
        "Runtime.ImportModuleError: Unable to import module 'lambda_fn.handler': No module named 'lambda_fn'"
    ),
    ("function_ended", "reason"): (
        "Runtime.OutOfMemory: RequestId: 6f1c8e0a-2b7d-4f0e-9c1a-3d5e7f9b1c2d Error: Runtime exited with error: "
        "signal: killed"
    ),
    ("killed_at_its_timeout", "reason"): "Task timed out after 900.00 seconds",
    ("no_credentials", "reason"): "NoCredentialsError",
    ("no_output", "offered"): ["LogGroupName", "SecurityGroupId"],
    ("no_output", "output"): "FunctionName",
    ("no_region", "reason"): "NoRegionError",
    ("refused", "reason"): (
        "ResourceConflictException: The operation cannot be performed at this time. The function is currently in the "
        "following state: Pending"
    ),
    ("refused", "request"): "lambda:InvokeFunction",
    ("subnets_not_found", "reason"): "The subnet ID 'subnet-0a1b' does not exist",
    ("throttled", "reason"): "TooManyRequestsException: Rate Exceeded",
    ("access_denied", "reason"): 'no pg_hba.conf entry for host "10.0.1.7", user "app", database "shop", no encryption',
    ("failed", "lines"): ('HINT: Perhaps you meant to reference the column "orders.price".',),
    ("failed", "next_step"): "Correct the file and deploy again; no resolve is needed.",
    ("failed", "problem"): 'ERROR 42703 in statement 2 (line 3, column 1): column "prise" does not exist.',
    ("failed", "where"): _place("UPDATE orders SET total = prise * 2;"),
    ("failed_at_step", "stayed"): Stayed(2, 7),
    ("failed_at_step", "lines"): (),
    ("failed_at_step", "problem"): 'ERROR 42703 in statement 2 (line 3, column 1): column "prise" does not exist.',
    ("failed_at_step", "where"): _place("UPDATE orders SET total = prise * 2;"),
    (
        "failed_outside",
        "problem",
    ): "ERROR 23514 in statement 2 (line 3, column 1): new row violates a check constraint.",
    ("failed_outside", "where"): _place("CALL fill_orders();"),
    (
        "leftover",
        "problem",
    ): 'ERROR 23505 in statement 2 (line 3, column 1): could not create unique index "orders_key".',
    ("leftover", "where"): _place("CREATE UNIQUE INDEX CONCURRENTLY orders_key ON orders (key);"),
    ("finished_steps_edited", "done"): 2,
    ("step_without_end", "step"): 2,
    ("step_without_end", "where"): _place("CALL fill_orders();"),
    ("before_step", "stayed"): Stayed(2, 7),
    ("during_concurrent_statement", "where"): _place("CREATE INDEX CONCURRENTLY orders_key ON orders (key);"),
    ("lock_not_taken", "where"): _place("ALTER TABLE orders ADD COLUMN note text;"),
    ("lock_not_taken", "waited_s"): 60.0,
    ("lock_not_taken", "blocked"): (
        "blocked by backend 4711 (application psql, user app, idle in transaction, transaction open for 724 s, last "
        "query: SELECT * FROM orders); 7 sessions wait behind us"
    ),
    ("no_step", "problem"): (
        "`CREATE TEMP TABLE …` (line 3) makes something temporary in a file that is run step by step, of which the "
        "next step knows nothing."
    ),
    ("no_step", "next_step"): "Put BEGIN; and COMMIT; round it and all that uses it: they are then one step.",
    ("no_step", "where"): _place("CREATE TEMP TABLE moved AS SELECT * FROM orders;"),
    ("not_atomic", "problem"): "`VACUUM orders` (line 3) cannot run in a transaction",
    ("not_atomic", "where"): _place("VACUUM orders;"),
    ("statement_too_large", "where"): _place("INSERT INTO orders (id, customer_id, total) VALUES"),
    ("history_malformed", "message"): 'column "checksum" does not exist',
    ("forwarded_port_refused", "address"): "localhost:15432",
    ("forwarded_port_refused", "command"): session_command(_FORWARDED),
    ("forwarded_port_unreachable", "address"): _FORWARDED.address,
    ("forwarded_port_unreachable", "lines"): way_to_open(_FORWARDED),
    ("loopback_unreachable", "address"): "localhost:15432",
    ("loopback_unreachable", "lines"): way_to_open(target_from_url("postgresql://localhost:15432")),
    ("dotenv_not_understood", "reason"): "it holds a # or a ` without quotes round the whole",
    ("dotenv_not_understood", "setting"): "DATABASE_URL in .env",
    ("dotenv_unreadable", "path"): ".env",
    ("dotenv_unreadable", "reason"): "Permission denied",
    ("directory_not_named", "places"): ["migrations", "prisma/migrations", "packages/prisma/migrations"],
    ("directory_within", "inner"): "prisma/migrations",
    ("directory_within", "path"): "prisma",
    ("several_directories_near", "places"): ["migrations", "prisma/migrations"],
    ("invalid_url", "next_step"): encode_advice("postgresql://app:hunt#er2@db.internal:5432/shop"),
    ("invalid_url", "reason"): "invalid port number",
    ("secret_spoilt", "expected"): "one host by itself, without scheme, user, port or blanks",
    ("secret_spoilt", "key"): "host",
    ("migration_name_too_long", "name"): f"{_NAME}_" + "and_so_on_" * 30,
    ("owner_role_denied", "reason"): 'role "app_owner" does not exist',
    ("permission", "next_step"): 'Run: GRANT SELECT, INSERT, UPDATE, DELETE ON "public"._prisma_migrations TO "app".',
    ("refused_script", "next_step"): "Remove it: every file runs in a transaction of its own anyway.",
    ("refused_script", "problem"): "ROLLBACK does not fit here (line 3, column 1).",
    ("refused_script", "where"): _place("ROLLBACK;"),
    ("answer_undelivered", "host"): "cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com",
    ("answer_undelivered", "reason"): "no answer within 5 s",
    ("answer_undelivered_by_proxy", "host"): (
        "cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com"
    ),
    ("answer_undelivered_by_proxy", "reason"): "Tunnel connection failed: 403 Forbidden",
    ("answer_undelivered_by_proxy", "variable"): "HTTPS_PROXY",
    ("certificate_of_another_name", "reason"): (
        'server certificate for "shop.c1a2b3.eu-central-1.rds.amazonaws.com" does not match host name "db.internal"'
    ),
    ("action_not_offered", "action"): "resolve",
    ("action_not_offered", "asker"): "A custom resource",
    ("action_not_offered", "offered"): ["deploy", "verify"],
    ("nothing_asked_at_stage", "stage"): "POST_SCALE_UP",
    ("sent_as_records", "source"): "aws:sqs",
    ("result_undelivered", "service"): "CodeDeploy",
    ("result_undelivered", "endpoint"): "codedeploy",
    ("result_undelivered", "reason"): "ConnectTimeoutError",
    ("nobody_comes_back", "asker"): "Terraform",
    ("result_not_sent", "service"): "CodeDeploy",
    ("result_not_sent", "reason"): "NoRegionError",
    ("result_not_allowed", "service"): "CodePipeline",
    ("result_not_allowed", "permission"): "codepipeline:PutJobSuccessResult",
    ("result_not_allowed", "reason"): "AccessDeniedException: not authorized to perform it",
    ("result_not_taken_now", "service"): "CodePipeline",
    ("result_not_taken_now", "reason"): "ThrottlingException: Rate exceeded",
    ("result_not_taken", "service"): "CodeDeploy",
    ("result_not_taken", "reason"): "DeploymentDoesNotExistException: The deployment does not exist",
    ("during", "doing"): "reading the history",
    ("during_statement_alone", "next_step"): (
        "Look at what is left in the database. Undo all of the migration and run `migrate-lambda resolve "
        f"--rolled-back {_NAME}`, or complete it and run `migrate-lambda resolve --applied {_NAME}`; then deploy "
        "again."
    ),
    ("during_statement_alone", "where"): _place("CALL fill_orders();"),
    ("during_migration", "where"): _place("UPDATE orders SET total = price * 2;"),
    ("iam_incomplete", "missing"): ["MIGRATE_HOST", "MIGRATE_USER"],
    ("iam_needs_tls", "sslmode"): "prefer",
    ("managed_already", "rows"): 12,
    ("migration_exists", "path"): f"prisma/migrations/{_NAME}",
    ("migration_not_written", "path"): f"prisma/migrations/{_NAME}",
    ("migration_not_written", "reason"): "Permission denied",
    ("misspelt_property", "name"): "Shcema",
    ("name_not_spelt", "characters"): "пя",
    ("name_too_long", "length"): 231,
    ("name_not_resolved", "reason"): "Name or service not known",
    ("port_unreachable", "reason"): "Network is unreachable",
    ("clock_differs", "limit_s"): 60.0,
    ("code_deploy_not_reached", "finding"): "No answer came from 52.94.4.7:443 within 5 s.",
    ("only_one_of", "options"): ["--database-url", "--secret"],
    ("out_of_place", "option"): "--markdown",
    ("out_of_place", "place"): "plan",
    ("not_a_migration", "key"): "--to",
    ("not_a_migration", "example"): _NAME,
    ("command_line", "problem"): "No such option: --bogus.",
    ("command_line", "command"): "deploy",
    ("cannot_become", "reason"): "there is no such program on the PATH",
    ("code_deploy_not_reached", "place"): "codedeploy.eu-central-1.amazonaws.com:443",
    ("no_root_certificate", "path"): "/opt/ca.pem",
    ("token_not_made", "next_step"): "Set AWS_REGION to the region of the database.",
    ("token_not_made", "reason"): "NoRegionError",
    ("secret_unreadable", "next_step"): "Check MIGRATE_SECRET_ID (secretId in a request), the region and the account.",
    ("secret_unreadable", "reason"): "ResourceNotFoundException",
    ("server_refused", "reason"): "sorry, too many clients already",
    ("symbolic_link", "path"): f"/opt/migrations/{_NAME}",
    ("unknown_keys", "action"): "deploy",
    ("unknown_action", "known"): [action.value for action in Action],
    ("tls_failed", "reason"): "SSL error: unexpected eof while reading",
    ("unexpected", "message"): "out of memory",
    ("unreadable_directory", "reason"): "Permission denied",
    ("wrong_setting", "name"): "MIGRATE_LOCK_WAIT_S",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A function that makes an error, and one error that it made."""

    module: ModuleType
    function: Callable[..., MigrateError]
    error: MigrateError

    @property
    def meaning(self) -> str:
        """What the docstring says behind the code."""
        first_paragraph = " ".join((inspect.getdoc(self.function) or "").split("\n\n")[0].split())
        meaning = first_paragraph.partition(": ")[2]
        return meaning[:1].upper() + meaning[1:]


def entries() -> list[Entry]:
    """Every function of the error modules, called once for each choice that its annotations leave."""
    return [
        Entry(module, function, function(**arguments))
        for module in MODULES
        for function in _functions(module)
        for arguments in _arguments(function)
    ]


def _functions(module: ModuleType) -> Iterator[Callable[..., MigrateError]]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_") and function not in DISPATCHERS:
            yield function


def _arguments(function: Callable[..., MigrateError]) -> Iterator[dict[str, object]]:
    annotations = typing.get_type_hints(function)
    del annotations["return"]
    choices = [_choices(function.__name__, name, annotation) for name, annotation in annotations.items()]
    for values in itertools.product(*choices):
        yield dict(zip(annotations, values, strict=True))


def _choices(function: str, name: str, annotation: object) -> list[object]:
    if annotation is bool:
        return [False, True]
    optional = NoneType in typing.get_args(annotation)
    return [_example(function, name, annotation), *([None] if optional else [])]


def _example(function: str, name: str, annotation: object) -> object:
    """The best example that there is; of a parameter that nobody thought of, a value of its type."""
    if (function, name) in _BETTER:
        return _BETTER[function, name]
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    if annotation in (int, float):
        return 7
    return name if annotation in (str, object, str | None) else (name,)


def reference() -> str:
    """The text of `docs/errors.md`."""
    made = sorted(entries(), key=lambda entry: entry.error.code)
    by_code = {code: list(group) for code, group in itertools.groupby(made, key=lambda entry: entry.error.code)}
    return "\n".join([_HEAD, *_classes(), *_table(by_code), *_sections(by_code), *_warnings()]) + "\n"


_HEAD = """\
<!-- Written by `python -m tests.error_reference`; change the docstrings in lambda_fn/errors instead. -->
# Errors

The first line of every error is complete by itself: its code, what happened, and what to do next. Further lines show
the line of the script and what else the server said. Codes that begin with P are those of Prisma for the same case.
Each code below is followed by an example.
"""


def _classes() -> Iterator[str]:
    yield "## Classes\n\nWhat a program tells apart: `errorType` of the invocation, `error.class` of the outcome.\n"
    yield "| Class | Exit code | What it means |\n| --- | --- | --- |"
    for each in MigrateError.__subclasses__():
        yield f"| `{each.__name__}` | {each.exit_code} | {inspect.getdoc(each)} |"


def _table(by_code: dict[str, list[Entry]]) -> Iterator[str]:
    yield "\n## Codes\n\n| Code | Class | Exit code | What it means |\n| --- | --- | --- | --- |"
    for code, made in by_code.items():
        error = made[0].error
        meanings = _cell(" ".join(_meanings(made)))
        yield f"| [{code}](#{code.lower()}) | `{type(error).__name__}` | {error.exit_code} | {meanings} |"


def _meanings(made: Iterable[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.meaning for entry in made))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sections(by_code: dict[str, list[Entry]]) -> Iterator[str]:
    for code, made in by_code.items():
        yield f"\n### {code}\n"
        for meaning in _meanings(made):
            example = next(entry.error for entry in made if entry.meaning == meaning)
            yield f"{meaning}\n\n```text\n{example.text}\n```"


def _warnings() -> Iterator[str]:
    yield "\n## Warnings\n\nThose about the history (M5) are errors in strict mode, M502.\n"
    yield "| Code | What it says |\n| --- | --- |"
    for warning in all_warnings():
        yield f"| {warning.code} | {_cell(warning.message)} |"


def all_warnings() -> tuple[Diagnostic, ...]:
    """The warnings of a weak connection, of new names, and of a directory in which everything is wrong at once."""
    names = ("20240101000000_init", _NAME, "20240102000000_prices", "20240104000000_last")
    edited = MigrationRecord("1", names[0], "0" * 64, finished=True, rolled_back=False)
    missing = MigrationRecord("2", "20240101120000_gone", checksum_of(b""), finished=True, rolled_back=False)
    newest = MigrationRecord("3", names[3], checksum_of(b""), finished=True, rolled_back=False)
    found = History(exists=True, records=(edited, missing, newest))
    weak = (weakness(target_from_url("postgresql://db.internal/shop?sslmode=require")), weakness(_UNNAMED))
    plan = make_plan(tuple(Migration(name, b"") for name in names), found)
    new = (new_name("orders", (_NAME, *more), datetime(2023, 1, 1, tzinfo=UTC)) for more in ([], ["init"]))
    of_new_ones = (warning for name in new for warning in name.warnings)
    unordered = make_plan(tuple(Migration(name, b"") for name in ("00_users", "0_init")), History(exists=False))
    return (*filter(None, weak), *of_new_ones, *plan.warnings, *_ahead(names[0]).warnings, *unordered.warnings)


def _ahead(name: str) -> Plan:
    """The plan of a directory that is behind a migration that is half done."""
    done = MigrationRecord("1", name, checksum_of(b""), finished=True, rolled_back=False)
    logs = Journal(steps=3, done=1).line("run-1")
    half_done = MigrationRecord("2", _NAME, checksum_of(b""), finished=False, rolled_back=False, logs=logs)
    return make_plan((Migration(name, b""),), History(exists=True, records=(done, half_done)))


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
