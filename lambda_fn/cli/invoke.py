"""`invoke`: an action in the deployed function, with its log while it runs and the terminal's own exit codes."""

import argparse
import sys
import time
from typing import Any

from lambda_fn.account.answer import events_of, outcome_of
from lambda_fn.cli import request_options
from lambda_fn.cli.conversation import Conversation
from lambda_fn.cli.exit_codes import INTERRUPTED, exit_code
from lambda_fn.cli.place import account_of, add_place, add_stack, again, function_of
from lambda_fn.cli.screen import Screen, print_json
from lambda_fn.commands.draft import Draft
from lambda_fn.domain.event import RunFailed
from lambda_fn.domain.outcome import Outcome, to_json
from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import MigrateError
from lambda_fn.errors import request as request_errors

_EXPLANATION = "run an action in a deployed function: exactly one request, waited for as long as it takes"


def add_to(commands: Any) -> None:
    """Add the command to those of the program."""
    parser = commands.add_parser("invoke", help=_EXPLANATION, description=_EXPLANATION, allow_abbrev=False)
    parser.add_argument("function", metavar="FUNCTION", nargs="?", help="name or ARN of the function")
    parser.add_argument("action", metavar="ACTION", nargs="?", help=f"{', '.join(Action)}; deploy without")
    add_stack(parser)
    request_options.add_common(parser)
    request_options.add_to(parser)
    request_options.add_requires(parser)
    request_options.add_names(parser)
    parser.add_argument("--secret-id", metavar="ID", help="another database: its secret")
    parser.add_argument("--dbname", metavar="NAME", help="another database on the server")
    add_place(parser)
    parser.set_defaults(carry_out=carry_out)


def carry_out(given: argparse.Namespace) -> int:
    """Invoke the function and return the exit code that its run would have had here."""
    screen = Screen.beside_json(given.json)
    began = time.monotonic()
    conversation = Conversation(screen)
    action = Action.DEPLOY
    try:
        action = _action(given)
        event = request_options.event_of(given, action)
        request = parse_request(event, request_options.OPTIONS)
        account = account_of(given)
        function = function_of(given, account)
        conversation.resolve_command = again(given, "invoke", function.name, "resolve")
        answer = conversation.ask(function, event, account)
        outcome = outcome_of(answer, action)
        conversation.end(events_of(outcome, request))
    except MigrateError as error:
        conversation.end([RunFailed(error)])
        elapsed_ms = round((time.monotonic() - began) * 1000)
        return _end(given, Draft(Request(action), conversation.run_id).outcome(error, elapsed_ms))
    except KeyboardInterrupt:
        return _interrupted(given, conversation)
    return _end(given, outcome, answer.content)


def _action(given: argparse.Namespace) -> Action:
    """The action, which comes first where a stack stands for the function."""
    if given.stack and given.action is None:
        given.function, given.action = None, given.function
    try:
        return Action(given.action or Action.DEPLOY)
    except ValueError:
        raise request_errors.unknown_action(given.action, list(Action)) from None


def _end(given: argparse.Namespace, outcome: Outcome, content: object = None) -> int:
    """Print the function's own JSON, where there is one."""
    if given.json:
        print_json(to_json(outcome) if content is None else content)
    return exit_code(outcome)


def _interrupted(given: argparse.Namespace, conversation: Conversation) -> int:
    screen, function = Screen(sys.stderr), conversation.function
    if function is None:
        screen.print("Interrupted. Nothing was run.")
        return INTERRUPTED
    screen.print("Interrupted. The function goes on, and what it does is not undone. To see:")
    screen.print(f"  {again(given, 'logs', function, '--since', '15m', '--follow')}")
    screen.print(f"  {again(given, 'invoke', function, 'status')}")
    return INTERRUPTED
