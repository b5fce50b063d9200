"""`invoke`: an action in the deployed function, with its log while it runs and the terminal's own exit codes."""

import sys
import time
from collections.abc import Mapping

from lambda_fn.account.answer import events_of, outcome_of
from lambda_fn.aws.client import Account
from lambda_fn.aws.function import DeployedFunction
from lambda_fn.cli import request_options
from lambda_fn.cli.command import Command, Given, switch, text, words
from lambda_fn.cli.conversation import Conversation
from lambda_fn.cli.document import print_document, screen_beside
from lambda_fn.cli.exit_codes import INTERRUPTED, exit_code
from lambda_fn.cli.place import PLACE, STACK, account_of, again, function_of
from lambda_fn.cli.screen import Screen
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import RunFailed
from lambda_fn.domain.outcome import Outcome, Status
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors


def carry_out(given: Given) -> int:
    """Invoke the function and return the exit code that its run would have had here."""
    began = time.monotonic()
    conversation = Conversation(screen_beside(given))
    action = Action.DEPLOY
    try:
        action = action_of(given)
        event = request_options.event_of(given, action)
        request = parse_request(event, request_options.OPTIONS)
        account = account_of(given)
        function = function_of(given, account)
        conversation.resolve_command = again(given, "invoke", function.name, "resolve")
        outcome, content = _asked(conversation, account, function, event, request)
        while given.until_done and outcome.status is Status.INCOMPLETE:
            conversation = conversation.next()
            outcome, content = _asked(conversation, account, function, event, request)
    except MigrateError as error:
        conversation.end([RunFailed(error)])
        elapsed_ms = round((time.monotonic() - began) * 1000)
        return _end(given, Draft(Request(action), conversation.run_id).outcome(error, elapsed_ms))
    except KeyboardInterrupt:
        return _interrupted(given, conversation)
    return _end(given, outcome, content)


def _asked(
    conversation: Conversation,
    account: Account,
    function: DeployedFunction,
    event: Mapping[str, object],
    request: Request,
) -> tuple[Outcome, object]:
    """Invoke once, by an event and the request that it is. Raises: as DeployedFunction.invoke and outcome_of."""
    answer = conversation.ask(function, event, account)
    outcome = outcome_of(answer, request.action)
    conversation.end(events_of(outcome, request))
    return outcome, answer.content


def action_of(given: Given) -> Action:
    """The action, which comes first where a stack stands for the function, and in front of the names to resolve."""
    rest = list(given.words or ())
    names_function = not given.stack or (len(rest) > 1 and rest[0] not in list(Action))
    given.function = rest.pop(0) if rest and names_function else None
    action = rest.pop(0) if rest else Action.DEPLOY
    try:
        found = Action(action)
    except ValueError:
        raise request_errors.unknown_action(action, list(Action)) from None
    request_options.take_names(given, rest)
    if given.markdown and found is not Action.PLAN:
        raise request_errors.out_of_place("--markdown", Action.PLAN)
    return found


def _end(given: Given, outcome: Outcome, content: object = None) -> int:
    """Print the function's own JSON, where there is one."""
    print_document(given, outcome, content)
    return exit_code(outcome)


def _interrupted(given: Given, conversation: Conversation) -> int:
    screen, function = Screen(sys.stderr), conversation.function
    if function is None:
        screen.print("Interrupted. Nothing was run.")
        return INTERRUPTED
    screen.print("Interrupted. The function goes on, and what it does is not undone. To see:")
    screen.print(f"  {again(given, 'logs', function, '--since', '15m', '--follow')}")
    screen.print(f"  {again(given, 'invoke', function, 'status')}")
    return INTERRUPTED


COMMANDS = (
    Command(
        "invoke",
        "Run an action in a deployed function: exactly one request, waited for as long as it takes.",
        (
            "migrate-lambda invoke migrate",
            "migrate-lambda invoke --stack shop-migrations status",
            "migrate-lambda invoke migrate verify --requires 20240102000000_orders --json",
            "migrate-lambda invoke migrate resolve --rolled-back 20240102000000_orders",
            "migrate-lambda invoke migrate deploy --until-done",
            "migrate-lambda invoke migrate plan --markdown > plan.md",
        ),
        (
            words(
                "words", f"The function's name or ARN, and {', '.join(Action)}; deploy without.", "FUNCTION [ACTION]"
            ),
            STACK,
            *request_options.COMMON,
            request_options.TO,
            request_options.REQUIRES,
            *request_options.NAMES,
            *request_options.FILTERS,
            text("--secret-id", "Another database: its secret.", "ID", "--secret"),
            text("--dbname", "Another database on the server.", "NAME"),
            switch("--until-done", "Deploy again for as long as the function's time is up behind a part of the work."),
            request_options.JSON,
            request_options.MARKDOWN,
            *PLACE,
        ),
        carry_out,
    ),
)
