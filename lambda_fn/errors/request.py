"""M1: the event or the command line."""

import json
from collections.abc import Iterable, Mapping

from lambda_fn.errors.classes import RequestInvalid


def _as_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, default=lambda _: "…")
    if "://" in text:
        return '"…"'  # the URL of a database, in the wrong place
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


_KINDS: Mapping[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}
_SHOWN_CHARACTERS = 60


def not_an_object(event: object) -> RequestInvalid:
    """M101: the event is not a JSON object."""
    return RequestInvalid(
        "M101",
        f"The event is a JSON {_KINDS.get(type(event), 'value')}, not a JSON object.",
        'Send an object such as {"action": "deploy"}, or nothing at all, which deploys.',
    )


def unknown_action(action: object, known: Iterable[str]) -> RequestInvalid:
    """M102: the action does not exist."""
    return RequestInvalid(
        "M102", f"There is no action {_as_json(action)}.", f"Use one of these actions: {_listed(known)}."
    )


def unknown_keys(keys: Iterable[str], action: str, known: Iterable[str]) -> RequestInvalid:
    """M103: the event has keys that the action does not know."""
    return RequestInvalid(
        "M103",
        f"The action {action} does not know the key(s) {_listed(sorted(keys))}.",
        f"Remove them, or use one of these keys: {_listed(known)}.",
    )


def wrong_value(key: str, expected: str, example: str) -> RequestInvalid:
    """M104: an option has a value of the wrong kind. The value itself is not repeated: it may be a secret."""
    return RequestInvalid("M104", f"{key} is not {expected}.", f"Set it to something like {example}.")


def only_one_of(options: Iterable[str]) -> RequestInvalid:
    """M104: several options say the same thing in different ways."""
    return RequestInvalid("M104", f"Only one of {_listed(options)} may be given.", "Leave the others out.")


def out_of_place(option: str, place: str) -> RequestInvalid:
    """M104: an option is given where it means nothing."""
    return RequestInvalid("M104", f"The option {option} is for {place} only.", "Leave it out.")


def not_a_migration(key: str, example: str) -> RequestInvalid:
    """M104: what should name a migration is a path or a URL. It is not repeated: it may hold a password."""
    return RequestInvalid(
        "M104",
        f"The value of {key} is not the name of a migration: it has a / in it.",
        f"Give its directory's name alone: {example}.",
    )


def command_line(problem: str, command: str) -> RequestInvalid:
    """M114: the terminal does not understand the command line."""
    help_of = f"migrate-lambda {command} --help" if command else "migrate-lambda --help"
    return RequestInvalid(
        "M114", f"The command line is not understood: {problem.rstrip('.')}.", f"To see what there is: {help_of}."
    )


def cannot_become(reason: str) -> RequestInvalid:
    """M115: what stands behind `deploy --` cannot be run; looked for before anything is changed."""
    return RequestInvalid(
        "M115",
        f"What stands behind -- cannot be run: {reason}. Nothing was changed.",
        "Give a program and its arguments, as in migrate-lambda deploy -- node server.js.",
    )


def resolve_needs_one_way() -> RequestInvalid:
    """M105: `resolve` without a direction, or with both."""
    return RequestInvalid(
        "M105",
        "The action resolve needs either applied or rolledBack, not both and not neither.",
        'Give applied for a migration whose changes are in the database ({"action": "resolve", "applied": ["NAME"]}; '
        'on a terminal --applied NAME), or rolledBack for one whose changes are not ("rolledBack": ["NAME"]; '
        "--rolled-back NAME).",
    )


def unknown_target(name: str) -> RequestInvalid:
    """M106: `to` names a migration that the directory does not have."""
    return RequestInvalid(
        "M106",
        f"The migrations directory has no migration {name}.",
        "Give the whole directory name, for example 20201207184859_initial_migration, "
        "and check that the package holds the directory you expect.",
    )


def unknown_request_type(request_type: object) -> RequestInvalid:
    """M107: a custom resource's event is none of Create, Update and Delete."""
    return RequestInvalid(
        "M107",
        f"There is no RequestType {_as_json(request_type)}.",
        "Send Create, Update or Delete, as CloudFormation does.",
    )


def action_not_offered(action: object, offered: Iterable[str], asker: str) -> RequestInvalid:
    """M108: a custom resource, a hook or a pipeline asks for an action that it is not offered."""
    return RequestInvalid(
        "M108",
        f"{asker} cannot ask for the action {_as_json(action)}.",
        f"Use one of these actions: {_listed(offered)}.",
    )


def misspelt_property(name: str, option: str) -> RequestInvalid:
    """M109: a property of a custom resource is not known, and looks like an option. Ignored, it would mislead."""
    return RequestInvalid(
        "M109",
        f"The property {_as_json(name)} is not known.",
        f"Did you mean {option}? If it is only there to cause an Update, put it into Triggers.",
    )


def nothing_asked_at_stage(stage: str) -> RequestInvalid:
    """M110: an ECS hook was invoked at a stage at which it does nothing unless it is told what."""
    return RequestInvalid(
        "M110",
        f"The ECS hook was invoked at the stage {_as_json(stage)}, and nothing says what to do there.",
        "Migrations belong to PRE_SCALE_UP: name only that stage in the hook's lifecycleStages, or say in its "
        'hookDetails what to do at another one, such as {"action": "verify"}.',
    )


def nobody_comes_back(asker: str) -> RequestInvalid:
    """M112: `continue` in the request of an invoker that takes what is unfinished for a success."""
    return RequestInvalid(
        "M112",
        f"{asker} takes an incomplete deploy for a success and does not come back, so that it cannot say continue.",
        "Remove continue: a run that does not fit the time is then a failure, and the next one goes on from there.",
    )


def no_name() -> RequestInvalid:
    """M113: what a new migration is to be called has no letter and no digit in it."""
    return RequestInvalid(
        "M113",
        "The name of the new migration has no letter and no digit.",
        "Say in a few words what it does: migrate-lambda new add_users.",
    )


def name_not_spelt(characters: str) -> RequestInvalid:
    """M113: what a new migration is to be called has letters that are not of the Latin alphabet."""
    return RequestInvalid(
        "M113",
        f"The name of the new migration has letters without a spelling in a-z that is known here: "
        f"{characters[:_SHOWN_CHARACTERS]}.",
        "Spell it in the letters a-z and digits: migrate-lambda new add_users.",
    )


def name_too_long(length: int) -> RequestInvalid:
    """P3010: the name of a new migration is longer than Prisma allows."""
    return RequestInvalid(
        "P3010",
        f"The name of the migration is too long. It must not be longer than 200 characters (bytes), and has {length}.",
        "Say it in fewer words.",
    )


def sent_by_sns() -> RequestInvalid:
    """M111: the event came through SNS, which passes no answer on."""
    return RequestInvalid(
        "M111",
        "The event came through an Amazon SNS topic, which takes no answer, so nobody would learn what came of it.",
        "Let the deployment invoke the function itself; a custom resource's ServiceToken is the function's own ARN.",
    )


def sent_as_records(source: str) -> RequestInvalid:
    """M111: the event is a batch of records of a queue, a stream or a bucket, which runs no deployment."""
    return RequestInvalid(
        "M111",
        f"The event is a batch of records of {_as_json(source)}, and no deployment waits for what comes of it.",
        "Remove the trigger or the event source mapping, and let the deployment invoke the function itself.",
    )


def sent_over_http() -> RequestInvalid:
    """M111: the event is an HTTP request of a function URL, an API or a load balancer."""
    return RequestInvalid(
        "M111",
        "The event is an HTTP request. This function answers none: a URL would let others ask for migrations, and its "
        "answer would not wait as long as they take.",
        "Remove the function URL, the API's integration or the load balancer's target, and let the deployment invoke "
        "the function by the Lambda API (lambda:InvokeFunction).",
    )


def durable_execution() -> RequestInvalid:
    """M111: the function was set up as a durable one, whose replays and checkpoints it does not take part in."""
    return RequestInvalid(
        "M111",
        "The event is one of a durable execution, which this function does not take part in: the history in the "
        "database is its checkpoint.",
        'Remove DurableConfig from the function. For work that takes more than one invocation send "continue": true '
        "and invoke again while the status is incomplete, or let a state machine do so.",
    )
