"""What is applied, what is pending, what was said: on a terminal, in SQL, and by the function."""

import contextlib
import importlib.util
import json
from collections.abc import Iterator

from local.invocation import Function, Invocation
from local.runtime_api import LambdaSandbox
from tests.fixtures.aws_stand_in import Answered, Asked, StandIn
from tests.fixtures.planted import check_said
from tests.operations.place import COGNITO, FIRST_MIG, ROLES, Place
from tests.operations.scenario import Scenario

FUNCTION = "migrate"
_OTHERS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")
_ROWS = (
    "SELECT migration_name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS rolled_back, "
    "substring(logs from 'ERROR: [^\\n]*') AS error FROM _prisma_migrations ORDER BY started_at"
)


def status_pending(place: Place) -> None:
    """Something is pending."""
    _behind(place)
    place.migrate("status", code=1)


def required(place: Place) -> None:
    """What the new code needs is not there."""
    _behind(place)
    place.migrate("verify", "--requires", COGNITO, code=1)
    place.quietly("deploy")
    place.say("after the deploy")
    place.migrate("verify", "--requires", COGNITO, code=0)


def history(place: Place) -> None:
    """All rows, and the same by SQL."""
    _behind(place)
    place.write(COGNITO, 'ALTER TABLE "Users" ADD COLUMN "cognitoUsername" TEXT;\n')
    with contextlib.suppress(AssertionError):  # it is to fail
        place.quietly("deploy")
    place.migrate("history", code=0)
    place.psql(_ROWS)


def banner(place: Place) -> None:
    """The guide's grep, on a log of a container or a pipeline."""
    _behind(place)
    place.piped(
        "deploy",
        shown='migrate-lambda deploy | grep -A 10 "Running Database Migrations"',
        through=["grep", "-A", "10", "Running Database Migrations"],
    )


def invoked(place: Place) -> None:
    """The function asked, and its log looked through."""
    _behind(place)
    with _function(place, FUNCTION):
        place.migrate("invoke", FUNCTION, "status", code=1)
        place.migrate("invoke", FUNCTION, code=0)
        place.piped(
            "logs", FUNCTION,
            shown='migrate-lambda logs migrate --since 1h | grep -A 10 "Running Database Migrations"',
            through=["grep", "-A", "10", "Running Database Migrations"],
        )  # fmt: skip


def first_invocation(place: Place) -> None:
    """All that Prisma has applied is applied to the function too."""
    place.copy()
    place.quietly("deploy")
    with _function(place, "dentia-migrate"):
        place.migrate("invoke", "dentia-migrate", "status", code=0)
        place.migrate("invoke", "dentia-migrate", "plan", code=0)
        place.migrate("invoke", "dentia-migrate", code=0)


def _behind(place: Place) -> None:
    place.copy(FIRST_MIG, ROLES)
    place.quietly("deploy")
    place.copy(COGNITO)


@contextlib.contextmanager
def _function(place: Place, name: str) -> Iterator[None]:
    """The real function in a sandbox of its own, behind a stand-in for Lambda and CloudWatch Logs."""
    variables = {"DATABASE_URL": place.url, "MIGRATE_DIR": str(place.migrations)}
    with LambdaSandbox(variables, function=Function(name=name)) as sandbox, StandIn() as aws:

        def invoke(asked: Asked) -> Answered:
            invocation = sandbox.invoke(asked.parameters["Payload"])
            check_said(invocation.log, invocation.payload, invocation.error)
            for line in invocation.log.splitlines():
                aws.logged(line)
            return _answered(invocation)

        aws.answer("Invoke", invoke)
        place.set({**dict.fromkeys(_OTHERS, ""), **aws.environment})
        place.call(str(place.migrations), "/opt/migrations")
        yield


def _answered(invocation: Invocation) -> Answered:
    error = invocation.error
    payload = invocation.payload if error is None else json.loads(json.dumps(dict(error)))
    return Answered(payload, error=error is not None, log=invocation.log, request_id=invocation.request_id)


def client_missing() -> str | None:
    """Why the function cannot be run here."""
    return None if importlib.util.find_spec("awslambdaric") else "AWS's runtime client is not installed"


SCENARIOS = (
    *map(Scenario, (status_pending, required, history, banner)),
    *(Scenario(play, client_missing) for play in (invoked, first_invocation)),
)
