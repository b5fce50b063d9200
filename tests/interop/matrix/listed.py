"""The intended differences, which docs/prisma-compatibility.md lists: those that a scenario of the matrix shows."""

from tests.interop.matrix.scenario import Difference

ROLLED_BACK = Difference(
    "a script that fails",
    "rolled back as a whole up to 7.3, partly applied since 7.4; a failed row (P3009) blocks every deploy until somebody "
    "resolves it",
    "rolled back as a whole, and recorded as that: the corrected file applies",
    "the server has confirmed that nothing of it stayed, which is all that `resolve --rolled-back` says",
)
OWN_TRANSACTION = Difference(
    "`BEGIN; … COMMIT;` in a file",
    "what it committed stays when something behind it fails; of an error in it the cause is lost",
    "part of the file's own transaction",
    "after a failure a migration is in the database as a whole, or not at all",
)
UNCOMMITTED = Difference(
    "a `BEGIN` without `COMMIT`",
    '"successfully applied", and nothing is there',
    "refused (M211)",
    "a success must not be said of what is gone",
)
NOT_FOR_SERVERS = Difference(
    "`COPY … FROM STDIN`, commands of psql, a NUL byte",
    "a syntax error when its turn has come, and a failed row",
    "refused before anything runs (M211)",
    "the text alone tells that it cannot work",
)
SESSION_STATE = Difference(
    "`SET search_path`, `SET ROLE`, `SET statement_timeout` in a file",
    "leaks into the next file and into Prisma's own statements, and may leave a failed row of what was applied",
    "undone behind each file",
    "a file means the same whatever stood before it",
)
BYTE_ORDER_MARK = Difference(
    "a byte order mark", "a syntax error", "left out when the file is run", "editors write it; the checksum keeps it"
)
STEPWISE = Difference(
    "`CREATE INDEX CONCURRENTLY` together with other statements, a new enum value that the same file uses",
    "fails up to 7.3, is applied statement by statement since 7.4",
    "[step by step](scripts.md#step-by-step)",
    "each step is recorded with what it did, so that a run that was killed is gone on with",
)
NO_MIGRATIONS = Difference(
    "an empty or missing directory",
    "success",
    "refused (M206)",
    "a package that was built from the wrong directory would deploy nothing and say that all is well",
)
NO_SCRIPT = Difference(
    "a directory without `migration.sql`",
    "found when its turn has come, after the ones before it were applied",
    "found before anything runs, by `resolve` too (P3015)",
    "nothing is changed by a package that is not whole",
)
BYTE_ORDER = Difference(
    "the order of names with the same timestamp",
    "by language (localeCompare); of older ones by bytes",
    "by bytes, and a warning where the two differ (M512)",
    "it is the same on every machine",
)
DRIFT = Difference(
    "edited after it was applied, missing, out of order",
    "silent; a missing one is told where another is pending",
    "told as warnings; errors with `strict`",
    "somebody has to know, and a deploy that is right need not wait for that",
)
FAILED_AND_PENDING = Difference(
    "`status` where one has failed and others are pending",
    "does not mention the failed one",
    "tells both",
    "it blocks them",
)
NO_HISTORY = Difference(
    "`resolve --rolled-back` without a history",
    "an error without a code",
    "says what to do (M501)",
    "every error has a code, by which it is found in [errors](errors.md)",
)
NO_CODE = Difference(
    "a wrong command line, a history of another shape, a schema without the right to create",
    "errors without a code",
    "M105, M505, M307, with what to do",
    "every error has a code, by which it is found in [errors](errors.md)",
)
LOST_SESSION = Difference(
    "a session that is ended while a script runs",
    "an error without a code, and a row that blocks every deploy",
    "P1017, or it goes on where that is safe; no row",
    "what became of the transaction is looked up, and nobody has to say it",
)
ABSENT_DATABASE = Difference(
    "the database does not exist",
    "`deploy` creates it",
    "refused (P1003)",
    "a slip in its name must not become an empty database that looks deployed",
)
ABSENT_SCHEMA = Difference(
    "`status` where `?schema=` does not exist",
    "creates it",
    "writes nothing",
    "asking changes nothing; `deploy` creates it",
)
IDLE_LOCK = Difference(
    "nothing is pending",
    "waits for the advisory lock all the same, and fails with P1002 behind a runner that takes longer than 10 s",
    "takes no lock",
    "nothing has to be kept from anybody",
)
