"""The intended differences that the matrix shows, in the order of docs/prisma-compatibility.md."""

from tests.interop.matrix.scenario import Difference

_EVERY_CODE = "every error has a code, by which it is found in [errors](errors.md)"

ROLLED_BACK = Difference(
    "a script that fails",
    "rolled back as a whole up to 7.3 (after its source, partly applied since 7.4); a failed row (P3009) blocks every "
    "deploy until somebody resolves it",
    "rolled back as a whole, and recorded as that: the corrected file applies; the error says statement and line",
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
    "refused before anything runs (M211)",
    "a success must not be said of what is gone",
)
SESSION_STATE = Difference(
    "`SET search_path`, `SET ROLE`, `SET statement_timeout` in a file",
    "leaks into the next file and into Prisma's own statements, and may leave a failed row of what was applied",
    "undone behind each file",
    "a file means the same whatever stood before it",
)
NOT_FOR_SERVERS = Difference(
    "`COPY … FROM STDIN`, commands of psql, a NUL byte",
    "a syntax error when its turn has come, and a failed row",
    "refused before anything runs (M211)",
    "the text alone tells that it cannot work",
)
BYTE_ORDER_MARK = Difference(
    "a byte order mark", "a syntax error", "left out when the file is run", "editors write it; the checksum keeps it"
)
STEPWISE = Difference(
    "`CREATE INDEX CONCURRENTLY` together with other statements, a new enum value that the same file uses",
    "fails up to 7.3 (after its source, applied statement by statement since 7.4)",
    "[step by step](scripts.md#step-by-step)",
    "each step is recorded with what it did, so that a run that was killed is gone on with",
)
INVALID_INDEX = Difference(
    "a `CREATE INDEX CONCURRENTLY` that fails",
    "an INVALID index stays, and a failed row that blocks every deploy",
    "the index is removed, and built again where that helps",
    "nobody has to know what an interrupted build leaves",
)
NOTICES = Difference("`RAISE NOTICE` in a script", "not shown", "shown", "whoever wrote it wants it to be read")
LOST_SESSION = Difference(
    "a session that is ended while a script runs",
    "an error without a code, and a row that blocks every deploy",
    "P1017, or it goes on where that is safe; no row",
    "what became of the transaction is looked up, and nobody has to say it",
)
NO_MIGRATIONS = Difference(
    "a migrations directory that is empty or missing",
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
    "the order of names with the same timestamp, and of names without one",
    "by language (localeCompare); of older ones, after their source, by bytes",
    "by bytes; told wherever names share a timestamp (M512), and where the order of names without one differs (M515)",
    "it is the same on every machine",
)
DRIFT = Difference(
    "an applied migration that was edited, or is missing below the newest; one that is pending behind a newer one",
    "silent; `status` tells a missing one where another is pending",
    "told as warnings (M510, M513, M511); errors with `strict`",
    "somebody has to know, and a deploy that is right need not wait for that",
)
AHEAD = Difference(
    "applied migrations newer than the directory, with others pending",
    "`status` names them",
    "not told",
    "so it is after a rollback, and no finding",
)
FAILED_AND_PENDING = Difference(
    "`status` where one migration has failed and others are pending",
    "does not mention the failed one",
    "tells both",
    "it blocks them",
)
IDLE_LOCK = Difference(
    "a deploy with nothing pending",
    "waits for the advisory lock all the same, and fails with P1002 behind a runner that takes longer than 10 s",
    "takes no lock",
    "nothing has to be kept from anybody",
)
BASELINE = Difference(
    "baselining an existing database",
    "`resolve --applied`, one migration at a time",
    "also `baseline --to NAME`, which marks all up to it in one transaction, and which P3005 names",
    "half a baseline would run the other half",
)
NO_CODE = Difference(
    "a wrong command line, `resolve --rolled-back` without a history, a history of another shape, a schema without the "
    "right to create",
    "errors without a code",
    "M105, M501, M505, M307, with what to do",
    _EVERY_CODE,
)
ABSENT_DATABASE = Difference(
    "`deploy` where the database does not exist",
    "creates it",
    "refused (P1003)",
    "a slip in its name must not become an empty database that looks deployed",
)
ABSENT_SCHEMA = Difference(
    "`status` where `?schema=` does not exist",
    "creates it",
    "writes nothing",
    "asking changes nothing; `deploy` creates it",
)

LISTED = (
    ROLLED_BACK,
    OWN_TRANSACTION,
    UNCOMMITTED,
    SESSION_STATE,
    NOT_FOR_SERVERS,
    BYTE_ORDER_MARK,
    STEPWISE,
    INVALID_INDEX,
    NOTICES,
    LOST_SESSION,
    NO_MIGRATIONS,
    NO_SCRIPT,
    BYTE_ORDER,
    DRIFT,
    AHEAD,
    FAILED_AND_PENDING,
    IDLE_LOCK,
    BASELINE,
    NO_CODE,
    ABSENT_DATABASE,
    ABSENT_SCHEMA,
)
