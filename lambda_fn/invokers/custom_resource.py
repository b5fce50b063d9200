"""What CloudFormation and the CDK's Provider framework share: the event, and what it is answered with."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from lambda_fn.domain.request import Action, Request, parse_request
from lambda_fn.errors import request as request_errors
from lambda_fn.invokers.explanation import printable
from lambda_fn.invokers.invoker import Skip
from lambda_fn.invokers.rollback import went_back
from lambda_fn.invokers.signs import properties_of

Event = Mapping[str, object]

_KEYS_BY_PROPERTY: Mapping[str, str] = {
    "Action": "action",
    "To": "to",
    "Schema": "schema",
    "OwnerRole": "ownerRole",
    "Strict": "strict",
    "LockWaitS": "lockWaitS",
    "LockBudgetS": "lockBudgetS",
    "Requires": "requires",
    "SecretId": "secretId",
    "Dbname": "dbname",
}
_PROPERTIES_BY_KEY = {key: name for name, key in _KEYS_BY_PROPERTY.items()}
_ACTIONS = (Action.DEPLOY, Action.VERIFY)
# SecretArn, which would be a slip with consequences, is at 0.71; SecretVersionId, a likely trigger, at 0.696.
_RESEMBLANCE = 0.7
_OPTIONS_BY_FOLDED_NAME = {name.casefold(): name for name in _KEYS_BY_PROPERTY}
# Other words for options, which no resemblance shows.
_OPTIONS_BY_ALIAS: Mapping[str, str] = {
    "secretname": "SecretId",
    **dict.fromkeys(("database", "databasename", "db"), "Dbname"),
    "role": "OwnerRole",
    "locktimeout": "LockWaitS",
}

_ID_LIMIT = 1024  # bytes


def request_of(event: Event) -> Request | Skip:
    """What the event asks for. Delete and a rollback ask for nothing. Raises: RequestInvalid."""
    request_type, properties = event.get("RequestType"), properties_of(event)
    if request_type == "Delete":
        return Skip("Delete changes nothing: the schema and its history stay.")
    if request_type not in ("Create", "Update"):
        raise request_errors.unknown_request_type(request_type)
    sign = went_back(properties, properties_of(event, "OldResourceProperties")) if request_type == "Update" else None
    if sign is not None:
        return Skip(f"This Update is a rollback ({sign} went back): the schema goes only forward.")
    return parse_request(_options(properties), _PROPERTIES_BY_KEY)


def _options(properties: Mapping[str, object]) -> dict[str, object]:
    """The options among the properties, by the keys of a request; an empty one is a parameter that was left empty."""
    for name in properties:
        _check_name(name)
    given = {_KEYS_BY_PROPERTY[name]: value for name, value in properties.items() if name in _KEYS_BY_PROPERTY}
    options = {key: value for key, value in given.items() if value not in ("", None)}
    if options.get("action", Action.DEPLOY) not in _ACTIONS:
        raise request_errors.action_not_offered(options["action"], _ACTIONS, "A custom resource")
    return options


def _check_name(name: str) -> None:
    """Refuse a slip in the name of an option. Any other name is a trigger: its changes cause Updates."""
    if name in _KEYS_BY_PROPERTY:
        return
    folded = name.casefold()
    similar = get_close_matches(folded, _OPTIONS_BY_FOLDED_NAME, n=1, cutoff=_RESEMBLANCE)
    meant = _OPTIONS_BY_ALIAS.get(re.sub("[_-]", "", folded)) or (similar and _OPTIONS_BY_FOLDED_NAME[similar[0]])
    if meant:
        raise request_errors.misspelt_property(name, meant)


def physical_resource_id(event: Event) -> str:
    """The id of the resource: the event's own, or for a Create one that stays the same as long as the stack.

    Another id than before would be a replacement: CloudFormation would then send a Delete for the former one.
    """
    own = event.get("PhysicalResourceId")
    if isinstance(own, str) and own:
        return own
    made = f"{_stack_name(event.get('StackId'))}-{event.get('LogicalResourceId')}"
    return printable(made).encode()[:_ID_LIMIT].decode("utf-8", "ignore")


def _stack_name(stack_id: object) -> str:
    """NAME of `arn:…:stack/NAME/uuid`."""
    parts = str(stack_id).split("/")
    return parts[1] if len(parts) > 1 else parts[0]
