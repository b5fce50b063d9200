"""Doctor: say of everything that a deploy needs whether it is there; without a lock and without a write."""

from collections.abc import Mapping

from lambda_fn.commands.draft import Draft
from lambda_fn.domain.check import CheckName, Finding, NotLookedAt, NotNeeded, check_of
from lambda_fn.domain.check_event import Checked
from lambda_fn.errors import MigrateError
from lambda_fn.errors import internal as internal_errors
from lambda_fn.ports import Probes, Reporter

_NEEDS: Mapping[CheckName, CheckName] = {
    CheckName.PORT: CheckName.DNS,
    CheckName.TLS: CheckName.PORT,
    CheckName.LOGIN: CheckName.TLS,
    **dict.fromkeys(
        (
            CheckName.SERVER_VERSION,
            CheckName.WRITER,
            CheckName.POOLER,
            CheckName.CLOCK,
            CheckName.OWNER_ROLE,
            CheckName.RIGHTS,
            CheckName.ROW_SECURITY,
            CheckName.HISTORY,
            CheckName.LOCK,
        ),
        CheckName.LOGIN,
    ),
}
"""What has to be in order for a check to be worth a look. A doubt about it is no hindrance."""


def doctor(draft: Draft, probes: Probes, reporter: Reporter) -> None:
    """Carry out every check that there is need of, and tell each as soon as it is known. Raises nothing."""
    causes: dict[CheckName, tuple[CheckName, ...]] = {}
    for name in CheckName:
        finding = _look(name, probes, causes)
        match finding:
            case NotNeeded():
                continue
            case MigrateError():
                causes[name] = (name,)
            case NotLookedAt(needs):
                causes[name] = needs
            case _:
                pass
        check = check_of(name, finding)
        draft.checks.append(check)
        reporter.report(Checked(check))


def _look(name: CheckName, probes: Probes, causes: Mapping[CheckName, tuple[CheckName, ...]]) -> Finding | MigrateError:
    """What a probe found. `causes` says for each check that is out of order which ones are to blame."""
    if (needs := causes.get(_NEEDS.get(name, name))) is not None:
        return NotLookedAt(needs)
    try:
        return probes.look(name)
    except MigrateError as error:
        return error
    except Exception as error:  # noqa: BLE001  # whatever it is, the other checks are still worth having
        return internal_errors.from_exception(error)
