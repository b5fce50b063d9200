"""JSON in a text that an invoker passes on: UserParameters, a token, hookDetails, a topic's message."""

import json


def object_in(text: object) -> dict[str, object] | None:
    """The JSON object in a text; None where there is none. Raises nothing: it may be anybody's."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
