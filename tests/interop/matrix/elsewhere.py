"""The intended differences that need more than one runner, TLS or another program: those that other tests show."""

from tests.interop.matrix.scenario import Difference

_TLS, _URL = "tests/postgres/test_tls.py", "tests/domain/test_url.py"
_NAMES = "tests/domain/test_new_name.py"

ELSEWHERE = (
    Difference(
        "a symbolic link to a migration",
        "silently ignored",
        "refused (M208)",
        "a package that was made from links would lose migrations without a word",
        "tests/test_directory.py",
    ),
    Difference(
        "a `CREATE INDEX CONCURRENTLY` that fails or is killed",
        "an INVALID index stays, and a failed row that blocks every deploy",
        "the index is removed, and built again where that helps",
        "nobody has to know what an interrupted build leaves",
        "tests/postgres/test_interrupted_steps.py",
    ),
    Difference(
        "waiting for a lock on a table",
        "for ever, and readers queue up behind",
        "attempts of milliseconds, then M329 says who is in the way",
        "a migration must not be what stops the service",
        "tests/postgres/test_lock_ladder.py",
    ),
    Difference(
        "waiting for another runner",
        "10 s, then P1002 without a name",
        "as long as is set, then P1002 with who holds the lock",
        "a long migration elsewhere is no error",
        "tests/postgres/test_concurrency.py",
    ),
    Difference(
        "baselining an existing database",
        "`resolve --applied`, one migration at a time",
        "also `baseline --to NAME`, which marks all up to it in one transaction",
        "half a baseline would run the other half",
        "tests/postgres/test_baseline.py",
    ),
    Difference(
        "a new migration without a change of the Prisma schema",
        "`migrate dev --create-only`, with Node, a shadow database and the schema",
        "`new NAME`: the same directory, script and lock file",
        "only a name and the time are needed",
        "tests/test_new_migration.py",
    ),
    Difference(
        "... whose name has letters that are none of a-z (`日本`, `œ`)",
        "dropped",
        "refused (M113)",
        "a name that says nothing helps nobody",
        _NAMES,
    ),
    Difference(
        "... with a name of more than 200 bytes", "cut", "refused (P3010)", "half a name may mean another", _NAMES
    ),
    Difference(
        "... where the newest migration is of a time to come",
        "sorts before it",
        "takes the second after it",
        "it would be applied out of order",
        _NAMES,
    ),
    Difference(
        "the server's certificate",
        "not looked at by default",
        "verified by default, but on loopback (`sslmode=verify-full`)",
        "the password is sent to whoever answers",
        _TLS,
    ),
    Difference(
        "`sslmode=verify-full`, `verify-ca` in the URL",
        "silently weakened to prefer",
        "honoured",
        "they mean what they say",
        _TLS,
    ),
    Difference(
        "`sslmode=prefer` in the URL",
        "encrypted if the server likes",
        "as if it were not there: verified",
        "Prisma's URLs have it by default, so nobody has decided anything by it",
        _TLS,
    ),
    Difference(
        "`sslmode=require`, `disable` in the URL",
        "honoured",
        "honoured, with a warning",
        "a decision, but one to know of",
        _TLS,
    ),
    Difference(
        "`sslidentity`, `sslpassword` in the URL (PKCS#12)",
        "a client's certificate",
        "not supported, ignored",
        "libpq reads no PKCS#12; Secrets Manager or IAM says who connects",
        _URL,
    ),
    Difference("`connect_timeout`", "5 s", "20 s", "a paused Aurora Serverless takes 15 s to come back", _URL),
    Difference(
        "`socket_timeout`, `pool_timeout`, `connection_limit`, `pgbouncer` and the like in the URL",
        "for its pool",
        "ignored",
        "there is one connection, and the invoker's time is the limit",
        _URL,
    ),
    Difference(
        "a password that is rotated while it connects",
        "P1000",
        "the secret is read once more",
        "the second reading is the current one",
        "tests/aws/test_credentials.py",
    ),
)
