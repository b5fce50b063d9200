"""Others who hold what a run needs, and time that is up."""

import threading
import time

from tests.operations.place import COGNITO, FIRST_MIG, ROLES, Place
from tests.operations.scenario import Scenario

INSURANCE, STATISTICS = "20251110090000_add_insurance", "20251112090000_fill_statistics"
_SLEEPER_LIMIT_S = 10.0
_WHO_HOLDS = (
    "SELECT pid, usename, application_name, state, query FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND objid = 72707369 AND granted AND datname = current_database()"
)


def advisory_lock(place: Place) -> None:
    """P1002, who holds it, and the leftover ended."""
    _behind(place)
    with place.connect() as other:
        other.execute("SELECT pg_advisory_lock(72707369)")
        place.migrate("deploy", "--lock-wait-s", "1", code=3)
        place.psql(_WHO_HOLDS, "--expanded")  # where the length of a process id changes no column
        place.psql(f"SELECT pg_terminate_backend({other.info.backend_pid})")
    place.migrate("deploy", code=0)


def table_lock(place: Place) -> None:
    """M329."""
    _behind(place)
    with place.connect() as other, other.transaction():
        other.execute('SELECT * FROM "User" LIMIT 1')
        place.migrate("deploy", "--lock-budget-s", "1", code=3)
    place.say("the other session has ended its transaction")
    place.migrate("deploy", code=0)


def time_up(place: Place) -> None:
    """M606."""
    place.copy()
    place.quietly("deploy")
    place.write(INSURANCE, 'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\n')
    place.write(STATISTICS, "-- runs for twenty minutes\nSELECT pg_sleep(1200);\n")
    place.migrate("deploy", "--timeout-s", "7", code=6, MIGRATE_RESERVE_S="5")
    place.migrate("status", code=1)


def waiting(place: Place) -> None:
    """Somebody holds Prisma's lock for a moment."""
    _behind(place)
    with place.connect() as prisma:
        prisma.execute("SET application_name = ''; SELECT pg_advisory_lock(72707369)")  # Prisma's has no name

        def release() -> None:
            time.sleep(0.4)
            prisma.close()

        thread = threading.Thread(target=release)
        thread.start()
        place.migrate("deploy", code=0)
        thread.join()


def connection_lost(place: Place) -> None:
    """As in a failover: the backend ends in the middle of a migration."""
    place.copy()
    place.quietly("deploy")
    place.write(INSURANCE, 'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\nSELECT pg_sleep(0.5);\n')
    thread = threading.Thread(target=_end_sleeper, args=(place,))
    thread.start()
    place.migrate("deploy", code=0)
    thread.join()


def _behind(place: Place) -> None:
    place.copy(FIRST_MIG, ROLES)
    place.quietly("deploy")
    place.copy(COGNITO)


def _end_sleeper(place: Place) -> None:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = %s"
    give_up_at = time.monotonic() + _SLEEPER_LIMIT_S
    with place.connect() as other:
        while not other.execute(ended, [other.info.dbname]).fetchall() and time.monotonic() < give_up_at:
            time.sleep(0.01)


SCENARIOS = tuple(map(Scenario, (advisory_lock, table_lock, time_up, waiting, connection_lost)))
