"""How many migrations a database and a directory differ in."""

from lambda_fn.domain.outcome import Outcome, PendingMigration, Status
from lambda_fn.domain.plan import Diagnostic
from lambda_fn.domain.request import Action

NOTHING = Outcome(Action.STATUS, Status.UP_TO_DATE, "r", 5)


def outcome(*pending: str, failed: tuple[str, ...] = (), warnings: tuple[Diagnostic, ...] = ()) -> Outcome:
    return Outcome(
        Action.STATUS,
        Status.PENDING,
        "r",
        5,
        pending=tuple(map(PendingMigration, pending)),
        failed=failed,
        warnings=warnings,
    )


def test_pending_failed_edited_and_missing_migrations_are_counted_once_each() -> None:
    edited, missing = Diagnostic("M510", "edited", ("a", "b")), Diagnostic("M513", "missing", ("c",))

    assert NOTHING.drift == 0
    assert outcome("p", "q").drift == 2
    assert outcome(failed=("f",)).drift == 1
    assert outcome("p", failed=("p", "a"), warnings=(edited, missing)).drift == 4
    assert outcome(warnings=(Diagnostic("M514", "half done", ("d",)),)).drift == 1


def test_an_order_that_was_odd_once_is_no_drift_for_ever() -> None:
    order, timestamps = Diagnostic("M511", "out of order", ("a",)), Diagnostic("M512", "same timestamp", ("b", "c"))

    assert outcome(warnings=(order, timestamps, Diagnostic("M310", "weak TLS", ()))).drift == 0
