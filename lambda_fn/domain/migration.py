"""A migration as it stands in the migrations directory, and the lock file beside it."""

from dataclasses import dataclass, field
from functools import cached_property

from lambda_fn.domain.checksum import as_prisma_reads, checksum_of
from lambda_fn.errors import settings as settings_errors

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NAME_LIMIT = 255  # _prisma_migrations.migration_name is VARCHAR(255)
TIMESTAMP_LENGTH = 14  # YYYYMMDDHHMMSS
_POSTGRESQL = "postgresql"
_NO_PROVIDER = "<PROVIDER NOT FOUND>"


@dataclass(frozen=True)
class Migration:
    """One directory of the migrations directory: its whole name, and its migration.sql byte for byte."""

    name: str
    script: bytes = field(repr=False)

    @cached_property
    def checksum(self) -> str:
        """What Prisma writes into the history for this script."""
        return checksum_of(self.script)

    @cached_property
    def text(self) -> bytes:
        """What is executed: the script as Prisma reads it, without a byte order mark, at which Prisma fails."""
        return as_prisma_reads(self.script).removeprefix(BYTE_ORDER_MARK)

    @property
    def timestamp(self) -> str | None:
        """The 14 digits that the name begins with; None for a name without them."""
        head = self.name[:TIMESTAMP_LENGTH]
        return head if len(head) == TIMESTAMP_LENGTH and head.isdigit() else None


def sort_key(name: str) -> bytes:
    """Order of application: byte-wise by name, as Prisma's engine ordered until 6.6."""
    return name.encode("utf-8", "surrogateescape")


def provider_of(lock_file: str) -> str:
    """The provider that `migration_lock.toml` names, read as Prisma reads it: not as TOML.

    The first line that begins with `provider`, without the literal `provider = ` and without double quotes
    round the rest; so a trailing comment, single quotes or other spacing make a provider that nobody knows.
    """
    for line in lock_file.splitlines():
        if line.startswith("provider"):
            return line.removeprefix("provider = ").strip('"')
    return _NO_PROVIDER


def check_lock_file(lock_file: str | None) -> None:
    """Raise P3019 when the lock file names a provider other than postgresql; None is a missing file, accepted."""
    if lock_file is None:
        return
    provider = provider_of(lock_file)
    if provider != _POSTGRESQL:
        raise settings_errors.provider_mismatch(provider)


def check_name(name: str) -> None:
    """Raise M210 or M213 when the history's column would not hold the name."""
    try:
        name.encode()
    except UnicodeEncodeError:  # a half of a surrogate pair
        raise settings_errors.migration_name_not_utf8(name.encode("utf-8", "backslashreplace").decode()) from None
    if len(name) > NAME_LIMIT:
        raise settings_errors.migration_name_too_long(name)


def find_migration(migrations: tuple[Migration, ...], name: str) -> Migration | None:
    """The migration of that whole name, or None."""
    return next((migration for migration in migrations if migration.name == name), None)
