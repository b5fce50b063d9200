"""`deploy`, `status`, `plan` and the others: an action on a database that this machine reaches."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from inspect import Parameter

from lambda_fn import wiring
from lambda_fn.cli import database, entrypoint, interruption, project, request_options
from lambda_fn.cli.command import Command, Given, words
from lambda_fn.cli.document import print_document, refused, screen_beside
from lambda_fn.cli.exit_codes import exit_code
from lambda_fn.cli.request_options import TO
from lambda_fn.cli.screen import Screen
from lambda_fn.deadline import Interruption
from lambda_fn.domain.outcome import Outcome
from lambda_fn.domain.request import Action, parse_request
from lambda_fn.errors import MigrateError
from lambda_fn.ports import Reporter


def carry_out(action: Action, given: Given) -> int:
    """Run the action and return the exit code; behind a deploy that succeeded, become the command that is given."""
    run_id = str(uuid.uuid4())
    screen = screen_beside(given)
    program = None
    with interruption.heeded() as heeded:
        try:
            program = entrypoint.found(given.after_dashes)
            outcome = _outcome(action, given, screen, run_id, heeded.interruption)
        except MigrateError as error:
            outcome = refused(action, screen, run_id, error)
        except KeyboardInterrupt:
            outcome = refused(action, screen, run_id, heeded.error)
    print_document(given, outcome)
    code = heeded.exit_code or exit_code(outcome)
    return entrypoint.become(program) if program is not None and code == 0 else code


def _outcome(action: Action, given: Given, screen: Screen, run_id: str, interruption: Interruption) -> Outcome:
    """Read the command line and run the action. Raises: RequestInvalid, SettingsInvalid; KeyboardInterrupt."""
    request_options.take_names(given, given.names if action is Action.RESOLVE else ())
    request = parse_request(request_options.event_of(given, action), request_options.OPTIONS)
    needs_directory = action not in (Action.DOCTOR, Action.HISTORY)
    settings = database.settings_of(given, screen, needs_directory=needs_directory)
    remaining_s = database.timeout_s(given)
    with _shown_on(screen) as reporter:
        return wiring.run(
            request,
            settings,
            reporter,
            run_id=run_id,
            remaining_s=remaining_s,
            interruption=interruption,
        )


@contextmanager
def _shown_on(screen: Screen) -> Iterator[Reporter]:
    """The screen itself where it is a pipe or nobody looks on (CI), else one with a last line that moves."""
    if not screen.is_watched:
        yield screen
        return
    # Imported here: containers and pipelines do not pay for rich.
    from lambda_fn.cli.live import LiveScreen

    with LiveScreen(screen.stream) as shown:
        yield shown


_DATABASE = (*database.OPTIONS, database.TIMEOUT, *request_options.COMMON, request_options.JSON)
_BOTH = (project.DIRECTORY, *_DATABASE)


def _command(
    action: Action, explanation: str, examples: Sequence[str], options: Sequence[Parameter] = (*_BOTH, TO)
) -> Command:
    return Command(action.value, explanation, examples, options, partial(carry_out, action))


COMMANDS = (
    _command(
        Action.DEPLOY,
        "Apply what is pending, in order; stop at the first failure. Behind --, the command to become afterwards.",
        (
            "migrate-lambda deploy",
            "migrate-lambda deploy --secret shop/database --host localhost --port 15432",
            "migrate-lambda deploy --secret rds!db-1 --host db.internal --dbname shop --through localhost:15432",
            "migrate-lambda deploy --to 20240102000000_orders --lock-wait-s 60",
            "migrate-lambda deploy -- node server.js",
        ),
    ),
    _command(
        Action.STATUS,
        "Say what is pending and failed; no lock, no write.",
        ("migrate-lambda status", "migrate-lambda status --json --migrations prisma/migrations"),
    ),
    _command(
        Action.PLAN,
        "Say what deploy would do, and what of it destroys something; refuse what it would refuse. No lock, no write.",
        ("migrate-lambda plan", "migrate-lambda plan --to 20240102000000_orders --markdown > plan.md"),
        (*_BOTH, TO, request_options.MARKDOWN),
    ),
    _command(
        Action.VERIFY,
        "Succeed only if nothing is pending or failed; no lock, no write.",
        ("migrate-lambda verify", "migrate-lambda verify --requires 20240102000000_orders"),
        (*_BOTH, TO, request_options.REQUIRES),
    ),
    _command(
        Action.RESOLVE,
        "Mark migrations as applied or as rolled back.",
        (
            "migrate-lambda resolve --rolled-back 20240102000000_orders",
            "migrate-lambda resolve --applied 20240101000000_init 20240102000000_orders",
        ),
        (words("names", "More names for the option.", "[NAME]..."), *request_options.NAMES, *_BOTH),
    ),
    _command(
        Action.DOCTOR,
        "Say of everything that a deploy needs whether it is there, and what to do; no lock, no write.",
        ("migrate-lambda doctor", "migrate-lambda doctor --secret shop/database --host localhost --port 15432"),
        _BOTH,
    ),
    _command(
        Action.BASELINE,
        "Mark an existing database, which has no history yet, as up to a migration.",
        ("migrate-lambda baseline --to 20240102000000_orders", "migrate-lambda baseline"),
    ),
    _command(
        Action.HISTORY,
        "Show the rows of _prisma_migrations, the newest last; no lock, no write, no migrations directory.",
        (
            "migrate-lambda history",
            "migrate-lambda history --state failed",
            "migrate-lambda history --name orders --json",
        ),
        (*_DATABASE, *request_options.FILTERS),
    ),
)
