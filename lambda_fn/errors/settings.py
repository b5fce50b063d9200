"""M2: settings, credentials and the migrations directory, with Prisma's P10xx and P30xx where it has them."""

from collections.abc import Iterable

from lambda_fn.errors.classes import SettingsInvalid, Whereabouts


def wrong_setting(name: str, expected: str, example: str) -> SettingsInvalid:
    """M201: an environment variable has a value of the wrong kind (not repeated: it may be a secret)."""
    return SettingsInvalid(
        "M201", f"The setting {name} is not {expected}.", f"Set it to something like {example}, or remove it."
    )


def no_database() -> SettingsInvalid:
    """M202: neither a secret nor a URL says which database."""
    return SettingsInvalid(
        "M202",
        "No database is configured.",
        "Set MIGRATE_SECRET_ID to the name or ARN of a Secrets Manager secret, or DATABASE_URL "
        "to a URL such as postgresql://user:password@host:5432/database, or MIGRATE_AUTH=iam with MIGRATE_HOST, "
        "MIGRATE_USER and MIGRATE_DBNAME. On a terminal they may stand in .env too, or give --secret ID or "
        "--database-url URL.",
    )


def two_databases() -> SettingsInvalid:
    """M203: both a secret and a URL are set, and we do not guess."""
    return SettingsInvalid("M203", "Both MIGRATE_SECRET_ID and DATABASE_URL are set.", "Remove one of them.")


def secret_unreadable(secret_id: str, reason: str, next_step: str) -> SettingsInvalid:
    """M204: Secrets Manager did not give the secret."""
    return SettingsInvalid("M204", f"The secret {secret_id} could not be read: {reason}.", next_step)


def secret_not_an_object(secret_id: str) -> SettingsInvalid:
    """M205: the secret is neither a JSON object nor a URL. Its content is never repeated."""
    return SettingsInvalid(
        "M205",
        f"The secret {secret_id} is neither a JSON object nor a postgresql:// URL.",
        "Store a JSON object with username, password, host, port and dbname in it, or the URL.",
    )


def secret_of_another_engine(secret_id: str) -> SettingsInvalid:
    """M205: the secret's `engine` is not PostgreSQL."""
    return SettingsInvalid(
        "M205",
        f"The secret {secret_id} is for a database that is not PostgreSQL, as its engine says.",
        "Name the PostgreSQL database's secret in MIGRATE_SECRET_ID (secretId of the request).",
    )


def secret_malformed(secret_id: str, missing: Iterable[str]) -> SettingsInvalid:
    """M205: the secret lacks keys that we need. Its content is never repeated."""
    return SettingsInvalid(
        "M205",
        f"The secret {secret_id} lacks {', '.join(missing)}.",
        "Store a JSON object with username, password, host, port and dbname in it. What the secret in "
        "MIGRATE_SECRET_ID lacks, such as one that RDS manages, can be set: MIGRATE_HOST, MIGRATE_PORT, "
        "MIGRATE_DBNAME. They do not count for another secretId of a request (the ARN in the place of the name is "
        "another): that secret must hold the host, and the request may give dbname. On a terminal give --host, --port, "
        "--dbname.",
    )


def secret_spoilt(secret_id: str, key: str, expected: str) -> SettingsInvalid:
    """M205: a value in the secret is not what its key stands for (not repeated: it may be a password)."""
    return SettingsInvalid(
        "M205", f"The {key} in the secret {secret_id} is not {expected}.", f"Correct {key} in the secret."
    )


def iam_incomplete(missing: Iterable[str]) -> SettingsInvalid:
    """M214: a login by IAM without a secret or URL needs to be told where and as whom."""
    return SettingsInvalid(
        "M214",
        f"For MIGRATE_AUTH=iam, {', '.join(missing)} is missing.",
        "Set it, or name a secret or URL that holds it.",
    )


def iam_needs_tls(sslmode: str) -> SettingsInvalid:
    """M215: a token may not go over a connection that may be unencrypted, and RDS takes none without TLS."""
    return SettingsInvalid(
        "M215",
        f"A login by IAM needs TLS, and sslmode is {sslmode}.",
        "Remove MIGRATE_SSLMODE, or set it to verify-full. Through a forwarded port, name the server itself in the "
        "secret, the URL or by --host, and the port by --through localhost:15432: the token is for the server, and "
        "verify-full the default.",
    )


def token_not_made(reason: str, next_step: str) -> SettingsInvalid:
    """M216: no IAM token could be made, which takes no network but AWS credentials and a region."""
    return SettingsInvalid("M216", f"No IAM token could be made: {reason}.", next_step)


def no_root_certificate(path: str) -> SettingsInvalid:
    """M217: the file of certificate authorities is not there."""
    return SettingsInvalid(
        "M217",
        f"There is no file {path} with certificate authorities, or it may not be read.",
        "Correct MIGRATE_SSLROOTCERT (sslrootcert or sslcert in the URL), or remove it: the authorities of Amazon RDS "
        "are in the package.",
    )


def root_certificate_not_a_path() -> SettingsInvalid:
    """M217: where the file of certificate authorities should be named, stands something else, such as the file."""
    return SettingsInvalid(
        "M217",
        "MIGRATE_SSLROOTCERT (sslrootcert or sslcert in the URL) is not the path of a file.",
        "Put the certificates into a file of the package or of a layer, and set it to that file's path, such as "
        "/opt/ca.pem.",
    )


def invalid_url(reason: str, next_step: str) -> SettingsInvalid:
    """P1013: the database URL does not parse. The URL itself is never repeated."""
    return SettingsInvalid("P1013", f"The provided database string is invalid. {reason} in database URL.", next_step)


def dotenv_unreadable(path: str, reason: str) -> SettingsInvalid:
    """M218: on the terminal, there is an .env file that cannot be read."""
    return SettingsInvalid(
        "M218",
        f"The file {path} could not be read: {reason}.",
        "Correct it, or name the database by --database-url or --secret from another directory.",
    )


def dotenv_not_understood(setting: str, reason: str) -> SettingsInvalid:
    """M218: on the terminal, an .env file says something of a setting that cannot be understood (not repeated)."""
    return SettingsInvalid(
        "M218",
        f"{setting} cannot be taken: {reason}.",
        "Write it on one line between double quotes, as in "
        'DATABASE_URL="postgresql://user:password@host:5432/database", with %23 for a # in the password.',
    )


def no_directory(places: Iterable[str]) -> SettingsInvalid:
    """M206: there is no migrations directory."""
    return SettingsInvalid(
        "M206",
        f"There is no migrations directory. Looked in: {', '.join(places)}.",
        "Package the directory beside lambda_fn/, attach it as a layer with migrations/ (or what is in it, with "
        "migration_lock.toml) at the top of its zip file, or set MIGRATE_DIR (on the terminal: --migrations DIR).",
    )


def directory_not_named(places: Iterable[str]) -> SettingsInvalid:
    """M206: on the terminal, nothing says which migrations directory, and none is where Prisma's projects have it."""
    return SettingsInvalid(
        "M206",
        f"No migrations directory is named, and there is none at {', '.join(places)}.",
        "Give --migrations DIR, for example --migrations prisma/migrations, or set MIGRATE_DIR.",
    )


def directory_within(path: str, inner: str) -> SettingsInvalid:
    """M206: what is named holds no migrations itself, but a directory that does."""
    return SettingsInvalid(
        "M206",
        f"The directory {path} is not a migrations directory, but {inner} is one.",
        f"Give --migrations {inner}, or set MIGRATE_DIR to it.",
    )


def empty_directory(path: str) -> SettingsInvalid:
    """M206: the directory holds no migration at all. Prisma calls this success, which hides a packaging slip."""
    return SettingsInvalid(
        "M206",
        f"The migrations directory {path} holds no migration.",
        "Check that the package was built from the right directory; "
        "it must hold directories such as 20201207184859_initial_migration/migration.sql.",
    )


def several_directories(places: Iterable[str]) -> SettingsInvalid:
    """M207: more than one migrations directory is there, and we do not guess."""
    return SettingsInvalid(
        "M207",
        f"There is more than one migrations directory: {', '.join(places)}.",
        "Remove all but one, or name the one to use with MIGRATE_DIR.",
    )


def several_directories_near(places: Iterable[str]) -> SettingsInvalid:
    """M207: on the terminal, there is a migrations directory at more than one of the usual places."""
    return SettingsInvalid(
        "M207",
        f"There is more than one migrations directory: {', '.join(places)}.",
        "Name the one to use with --migrations DIR, or set MIGRATE_DIR.",
    )


def symbolic_link(path: str) -> SettingsInvalid:
    """M208: a migration is a symbolic link, which Prisma silently ignores."""
    return SettingsInvalid(
        "M208",
        f"The migration {path} is a symbolic link, which Prisma would silently ignore.",
        "Replace the link with the directory itself.",
    )


def unreadable_directory(path: str, reason: str) -> SettingsInvalid:
    """M209: a file or directory of the migrations cannot be read."""
    return SettingsInvalid(
        "M209",
        f"{path} could not be read: {reason}.",
        "Check its name, and make it readable for the user that this runs as (chmod -R a+rX).",
    )


def migration_name_too_long(name: str) -> SettingsInvalid:
    """M210: the name of a migration is longer than the history can hold."""
    return SettingsInvalid(
        "M210",
        f"The migration name {name[:40]}… has {len(name)} characters; the history holds 255.",
        "Rename the directory before it is applied anywhere.",
    )


def migration_name_not_utf8(escaped: str) -> SettingsInvalid:
    """M213: the bytes of a directory's name are not UTF-8, so that no history can hold it."""
    return SettingsInvalid(
        "M213", f"The migration name {escaped} is not UTF-8.", "Rename the directory before it is applied anywhere."
    )


def migration_exists(path: str) -> SettingsInvalid:
    """M219: where a new migration is to be made, there is something already."""
    return SettingsInvalid(
        "M219", f"There is already something at {path}.", "Run it again: it then has another second."
    )


def migration_not_written(path: str, reason: str) -> SettingsInvalid:
    """M220: a new migration could not be written. Nothing of it is left."""
    return SettingsInvalid(
        "M220",
        f"The new migration could not be written: {path}: {reason}.",
        "Check that --migrations names a directory that you may write to, and that the disk is not full.",
    )


def missing_script(name: str) -> SettingsInvalid:
    """P3015: a directory without its migration.sql."""
    return SettingsInvalid(
        "P3015",
        f"Could not find the migration file at {name}/migration.sql.",
        "Please delete the directory or restore the migration file.",
        where=Whereabouts(migration=name),
    )


def provider_mismatch(provider: str) -> SettingsInvalid:
    """P3019: the lock file names another database."""
    return SettingsInvalid(
        "P3019",
        "The datasource provider `postgresql` specified in your schema does not match the one specified in "
        f"the migration_lock.toml, `{provider}`.",
        "Package the migrations of the PostgreSQL database; if these are they, write "
        'provider = "postgresql" on a line of its own. Read more: https://pris.ly/d/migrate-provider-switch',
    )


def refused_script(problem: str, next_step: str, where: Whereabouts) -> SettingsInvalid:
    """M211: a pending script holds something that cannot be run safely; said before anything runs."""
    return SettingsInvalid("M211", f"Migration {where.migration} was not run: {problem}", next_step, where=where)


def no_step(problem: str, next_step: str, where: Whereabouts) -> SettingsInvalid:
    """M212: a statement does not fit a file that is run step by step."""
    return SettingsInvalid("M212", f"Migration {where.migration} was not run: {problem}", next_step, where=where)


def not_atomic(problem: str, where: Whereabouts) -> SettingsInvalid:
    """M212: the file asks to be run in one transaction, and holds what cannot run in one."""
    return SettingsInvalid(
        "M212",
        f"Migration {where.migration} was not run: it asks for `migrate: atomic`, and {problem}.",
        "Remove the comment: the file is then run step by step.",
        where=where,
    )


def statement_too_large(size_mib: float, limit_mib: int, where: Whereabouts) -> SettingsInvalid:
    """M223: a pending script has a statement for which the server may not have the memory; said before it runs."""
    return SettingsInvalid(
        "M223",
        f"Migration {where.migration} was not run: its statement in line {where.line} has {size_mib:.1f} MiB, and the "
        f"limit is {limit_mib} MiB: the server takes about 20 times that in memory.",
        "Write several statements of a MiB or less (a file may have any number of them), or load the data outside of "
        "migrations. Where the server has the memory, set MIGRATE_MAX_STATEMENT_MIB.",
        where=where,
    )
