"""The intended differences that need more than one runner, TLS or another program: those that other tests show."""

from tests.interop.matrix.scenario import Difference

_TLS = "tests/postgres/test_tls.py"
_URL = "tests/domain/test_url.py::test_parameters_are_translated_to_those_of_libpq"
_NAMES = "tests/domain/test_new_name.py"
_IN_TURNS = "tests/interop/test_alternation.py::test_all_that_is_meant_comes_up"

HALF_DONE = Difference(
    "a migration that runs step by step and is half done",
    "an unfinished row: failed (P3009)",
    "pending: the next deploy goes on behind its last step, and refuses when that was edited (M506); newer than "
    "the directory, with nothing pending, it is a warning (M514)",
    "what was done is recorded, so that nobody has to resolve it",
    _IN_TURNS,
)

FAILED_ALONE = Difference(
    "a failed migration whose file is edited or missing",
    "its engine counts it as edited or missing",
    "told as failed, and as nothing else",
    "only what is applied can differ from its file",
    _IN_TURNS,
)

WHOLE_DIRECTORY = Difference(
    "`resolve --rolled-back` where the migrations directory is missing or not whole",
    "does not look at it",
    "refused (M206, P3015)",
    "every command looks at the same package",
    _IN_TURNS,
)

ELSEWHERE = (
    Difference(
        "a symbolic link to a migration",
        "silently ignored",
        "refused (M208)",
        "a package that was made from links would lose migrations without a word",
        "tests/test_directory.py::test_a_symbolic_link_to_a_directory_is_m208",
    ),
    Difference(
        "waiting for a lock on a table",
        "for ever, and readers queue up behind",
        "attempts of milliseconds, then M329 says who is in the way",
        "a migration must not be what stops the service",
        "tests/postgres/test_lock_ladder.py::test_who_is_in_the_way_is_named_without_what_they_read",
    ),
    Difference(
        "waiting for another runner",
        "10 s, then P1002 without a name",
        "as long as is set, then P1002 with who holds the lock",
        "a long migration elsewhere is no error",
        "tests/interop/test_started_together.py::test_behind_a_script_of_more_than_ten_seconds_prisma_gives_up_and_ours_waits",
    ),
    HALF_DONE,
    FAILED_ALONE,
    WHOLE_DIRECTORY,
    Difference(
        "a Prisma that waited 10 s for the lock while a concurrent index is built",
        "its session waits on in the server, and the two deadlock",
        "a session that has waited for 12 s is cancelled when that happens, and the index is built again",
        "nobody is behind it any more, and it would be in the way for as long as the lock is held",
        "tests/interop/test_started_together.py::test_a_prisma_that_waits_for_the_lock_does_not_kill_our_index_build",
    ),
    Difference(
        "a new migration without a change of the Prisma schema",
        "`migrate dev --create-only`, with Node, a shadow database and the schema",
        "`new NAME`: the same directory, script and lock file",
        "only a name and the time are needed",
        "tests/test_new_migration.py::test_without_a_directory_all_of_it_is_made",
    ),
    Difference(
        "`new` of a name that has letters that are none of a-z (`日本`, `œ`)",
        "dropped",
        "refused (M113)",
        "a name that says nothing helps nobody",
        f"{_NAMES}::test_letters_without_a_spelling_are_named_and_not_dropped",
    ),
    Difference(
        "`new` of a name of more than 200 bytes",
        "cut",
        "refused (P3010)",
        "half a name may mean another",
        f"{_NAMES}::test_a_long_name_is_refused_and_not_cut",
    ),
    Difference(
        "`new` where the newest migration is of a time to come",
        "sorts before it",
        "takes the second after it",
        "it would be applied out of order",
        f"{_NAMES}::test_behind_one_of_a_time_to_come_it_is_the_second_after_that",
    ),
    Difference(
        "the server's certificate",
        "not looked at by default",
        "verified by default, but on loopback (`sslmode=verify-full`)",
        "the password is sent to whoever answers",
        f"{_TLS}::test_by_default_only_the_authorities_of_amazon_rds_are_trusted",
    ),
    Difference(
        "`sslmode=verify-full`, `verify-ca` in the URL",
        "silently weakened to prefer",
        "honoured",
        "they mean what they say",
        f"{_TLS}::test_a_strict_url_is_not_weakened",
    ),
    Difference(
        "`sslmode=prefer` in the URL",
        "encrypted if the server likes",
        "as if it were not there: verified",
        "Prisma's URLs have it by default, so nobody has decided anything by it",
        f"{_TLS}::test_a_certificate_of_an_unknown_authority_is_refused_whatever_prismas_url_leaves_open",
    ),
    Difference(
        "`sslmode=require`, `disable` in the URL",
        "honoured",
        "honoured, with a warning",
        "a decision, but one to know of",
        "tests/domain/test_tls.py::test_a_weak_mode_of_the_url_is_warned_of_too",
    ),
    Difference(
        "`sslidentity`, `sslpassword` in the URL (PKCS#12)",
        "a client's certificate",
        "not supported, ignored",
        "libpq reads no PKCS#12; Secrets Manager or IAM says who connects",
        _URL,
    ),
    Difference(
        "`connect_timeout`",
        "5 s",
        "20 s",
        "a paused Aurora Serverless takes 15 s to come back",
        "tests/domain/test_url.py::test_libpq_is_told_all_of_it_and_waits_twenty_seconds_unless_told_otherwise",
    ),
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
        "tests/aws/test_credentials.py::test_a_password_that_is_rotated_between_reading_and_connecting_is_read_once_more",
    ),
)
