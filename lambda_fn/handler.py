"""The Lambda entry point: recognise, run, reply."""

from typing import Protocol, assert_never

from lambda_fn import wiring
from lambda_fn.aws.observability import LoggerReporter
from lambda_fn.domain.reply import Raise, Reply, Return
from lambda_fn.invokers import direct
from lambda_fn.settings import Settings


class LambdaContext(Protocol):
    """What is used of the context that Lambda gives."""

    @property
    def aws_request_id(self) -> str:
        """The id of this invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda kills the function."""


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Answer one invocation: return the outcome, or raise one of the named errors of lambda_fn.errors."""
    request = direct.parse(event)
    outcome = wiring.run(
        request,
        Settings.from_env(),
        LoggerReporter(context.aws_request_id),
        run_id=context.aws_request_id,
        remaining_s=context.get_remaining_time_in_millis() / 1000,
    )
    return _carry_out(direct.reply(outcome))


def _carry_out(reply: Reply) -> dict[str, object]:
    match reply:
        case Return(payload):
            return payload
        case Raise(error):
            # Without the causes: a driver's message may repeat more than ours does.
            raise error from None
        case _:
            assert_never(reply)
