"""Migrations that fail, and histories that are in the way."""

from tests.operations.place import COGNITO, FIRST_MIG, ROLES, Place
from tests.operations.scenario import Scenario

INSURANCE, INVOICES = "20251110090000_add_insurance", "20251111090000_index_invoices"
# As Prisma's own engine leaves it.
_OF_PRISMA = f"""\
A migration failed to apply. New migrations cannot be applied before the error is recovered from.

Migration name: {COGNITO}

Database error code: 42P01

Database error:
ERROR: relation "Users" does not exist
"""


def failed_migration(place: Place) -> None:
    """P3018, mended in the file."""
    place.copy()
    place.quietly("deploy")
    place.write(
        INSURANCE,
        'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\n'
        'UPDATE "Patient" SET "insuranceNumber" = "note" WHERE "note" LIKE \'A%\';\n',
    )
    place.migrate("deploy", code=5)
    place.migrate("history", "--name", "insurance", code=0)
    place.say('in the file: "notes" in the place of "note"')
    place.write(
        INSURANCE,
        'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\n'
        'UPDATE "Patient" SET "insuranceNumber" = "notes" WHERE "notes" LIKE \'A%\';\n',
    )
    place.migrate("deploy", code=0)


def already_exists(place: Place) -> None:
    """42701, marked as applied."""
    place.copy()
    place.quietly("deploy")
    place.write(INSURANCE, 'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\n')
    place.query('ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT')
    place.migrate("deploy", code=5)
    place.migrate("resolve", "--applied", INSURANCE, code=0)
    place.migrate("verify", code=0)


def aborted_transaction(place: Place) -> None:
    """A BEGIN of the author's own: the cause is told."""
    place.copy()
    place.quietly("deploy")
    place.write(
        INSURANCE,
        'BEGIN;\nALTER TABLE "Patients" ADD COLUMN "insuranceNumber" TEXT;\n'
        'CREATE INDEX "Patient_insurance" ON "Patient" ("insuranceNumber");\nCOMMIT;\n',
    )
    place.migrate("deploy", code=5)


def concurrent_index(place: Place) -> None:
    """Duplicates under a unique index that is built concurrently."""
    place.copy()
    place.quietly("deploy")
    place.query("CREATE TABLE sent (invoice int); INSERT INTO sent VALUES (1), (1)")
    place.write(INVOICES, "CREATE UNIQUE INDEX CONCURRENTLY sent_invoice ON sent (invoice);\n")
    place.migrate("deploy", code=5)
    place.query("DELETE FROM sent WHERE ctid = (SELECT max(ctid) FROM sent)")
    place.say("the second row of invoice 1 is deleted")
    place.migrate("deploy", code=0)


def p3009(place: Place) -> None:
    """A failed row of Prisma's."""
    place.copy(FIRST_MIG, ROLES)
    place.quietly("deploy")
    place.copy(COGNITO)
    place.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at) "
        f"VALUES (gen_random_uuid(), repeat('0', 64), '{COGNITO}', '{_OF_PRISMA}', now())"
    )
    place.migrate("deploy", code=4)
    place.migrate("resolve", "--rolled-back", COGNITO, code=0)
    place.migrate("deploy", code=0)


def p3005(place: Place) -> None:
    """Tables without a history."""
    place.copy()
    place.quietly("deploy")
    place.query('DROP TABLE _prisma_migrations; ALTER TABLE "User" DROP COLUMN "cognitoUsername"')
    place.migrate("deploy", code=4)
    place.migrate("baseline", "--to", ROLES, code=0)
    place.migrate("deploy", code=0)


def edited(place: Place) -> None:
    """M510, and M502 in strict mode."""
    place.copy()
    place.quietly("deploy")
    place.write(ROLES, (place.migrations / ROLES / "migration.sql").read_text() + "-- one line more\n")
    place.migrate("deploy", code=0)
    place.migrate("deploy", "--strict", code=4)


def gone(place: Place) -> None:
    """M513."""
    place.copy()
    place.quietly("deploy")
    place.remove(ROLES)
    place.migrate("status", code=0)
    place.say("with a directory that is older, as after a rollback")
    place.copy(ROLES)
    place.remove(COGNITO)
    place.migrate("status", code=0)


def out_of_order(place: Place) -> None:
    """M511."""
    place.copy(FIRST_MIG, COGNITO)
    place.quietly("deploy")
    place.copy(ROLES)
    place.migrate("plan", code=0)


def refused(place: Place) -> None:
    """M211: pasted from a dump."""
    place.copy()
    place.quietly("deploy")
    place.write(
        INSURANCE,
        'CREATE TABLE "Insurance" ("id" INTEGER, "name" TEXT);\nCOPY "Insurance" FROM stdin;\n1\tAOK\n2\tTK\n\\.\n',
    )
    place.migrate("deploy", code=2)


def no_file(place: Place) -> None:
    """P3015."""
    place.copy()
    (place.migrations / INSURANCE).mkdir()
    place.migrate("deploy", code=2)


def no_directory(place: Place) -> None:
    """M206."""
    place.migrate("deploy", code=2)


def wrong_owner(place: Place) -> None:
    """42501: the tables are another role's."""
    place.copy()
    place.quietly("deploy")
    place.write(INSURANCE, 'ALTER TABLE "Patient" ADD COLUMN "insuranceNumber" TEXT;\n')
    role = place.new_role("dentia_app")
    place.query(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON SCHEMA public TO {role}")
    place.migrate("deploy", code=5, DATABASE_URL=place.url_as(role))


SCENARIOS = tuple(
    map(
        Scenario,
        (
            failed_migration, already_exists, aborted_transaction, concurrent_index, p3009, p3005, edited, gone,
            out_of_order, refused, no_file, no_directory, wrong_owner,
        ),
    )
)  # fmt: skip
