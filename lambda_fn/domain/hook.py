"""What a hook may ask for whose events do not say it."""

from enum import StrEnum


class HookAction(StrEnum):
    """Two of the actions: a hook never does more than a deployment may."""

    VERIFY = "verify"
    DEPLOY = "deploy"
