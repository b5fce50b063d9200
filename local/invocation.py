"""What a Lambda invocation is made of, here as in AWS."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

PROJECT_ROOT = Path(__file__).resolve().parent.parent
HANDLER = "lambda_fn.handler.lambda_handler"
REGION = "eu-central-1"
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Function:
    """The function as its configuration describes it."""

    name: str = "migrate-lambda-local"
    memory_mib: int = 512
    handler: str = HANDLER
    code: Path = PROJECT_ROOT
    log_stream_name: str = field(default_factory=lambda: f"local/[$LATEST]{uuid.uuid4().hex}")

    @property
    def arn(self) -> str:
        """Return the ARN that it is invoked with."""
        return f"arn:aws:lambda:{REGION}:000000000000:function:{self.name}"

    @property
    def log_group_name(self) -> str:
        """Return the CloudWatch log group."""
        return f"/aws/lambda/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that Lambda itself sets, with credentials that open nothing."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mib),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group_name,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream_name,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": "local",
            "LAMBDA_TASK_ROOT": str(self.code),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": self.handler,
        }


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one invocation: a payload, or an error with `errorType` and `errorMessage`.

    `elapsed_ms` is the time of the handler, `init_ms` that of the start before it (None when warm).
    """

    request_id: str
    payload: Any
    error: Mapping[str, Any] | None
    log: str
    elapsed_ms: float
    init_ms: float | None
    peak_memory_mib: float | None

    @property
    def cold(self) -> bool:
        """Tell whether the function had to be started for this invocation."""
        return self.init_ms is not None

    @property
    def error_type(self) -> str | None:
        """Return the class of the error, as Step Functions matches it, or None."""
        return self.error.get("errorType") if self.error else None


class LocalLambda(Protocol):
    """A Lambda function that runs on this machine, for the length of a `with` block."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...

    def invoke(self, event: Any, *, timeout_s: float = TIMEOUT_S) -> Invocation:
        """Invoke the function and wait for what comes of it, at most for `timeout_s`."""
        ...
