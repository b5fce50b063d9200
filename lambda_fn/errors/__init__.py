"""What can go wrong: classes for programs, one function per code for people.

A class exists only where a caller acts differently, and its name is public API: Lambda answers it as
`errorType`, and Step Functions matches it by exact name. A code says what happened: Prisma's number where
Prisma has the case, else `M`, the stage (1 request, 2 settings, 3 connection and locks, 5 history,
6 apply, 7 answer, 8 what a terminal asks of AWS, 9 internal) and two digits.
"""

from lambda_fn.errors.classes import (
    AwsUnavailable,
    DatabaseUnreachable,
    DeadlineExceeded,
    HistoryBlocked,
    InternalError,
    LockTimeout,
    MigrateError,
    MigrationFailed,
    RequestInvalid,
    SettingsInvalid,
    Whereabouts,
)

__all__ = [
    "AwsUnavailable",
    "DatabaseUnreachable",
    "DeadlineExceeded",
    "HistoryBlocked",
    "InternalError",
    "LockTimeout",
    "MigrateError",
    "MigrationFailed",
    "RequestInvalid",
    "SettingsInvalid",
    "Whereabouts",
]
