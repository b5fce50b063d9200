"""The class of each code that a function may raise, for where only the text of an error came through."""

from collections.abc import Mapping

from lambda_fn.errors.classes import (
    DatabaseUnreachable,
    DeadlineExceeded,
    HistoryBlocked,
    InternalError,
    LockTimeout,
    MigrateError,
    MigrationFailed,
    RequestInvalid,
    SettingsInvalid,
)

_CODES: Mapping[type[MigrateError], str] = {
    RequestInvalid: "M101 M102 M103 M104 M105 M106 M107 M108 M109 M110 M111 M112 M113 M114 M115 M704 P3010",
    SettingsInvalid: (
        "M201 M202 M203 M204 M205 M206 M207 M208 M209 M210 M211 M212 M213 M214 M215 M216 M217 M218 M219 M220 M223 "
        "M302 M303 M304 M305 M307 M325 M326 M331 M701 M703 P1000 P1003 P1010 P1011 P1013 P3015 P3019"
    ),
    DatabaseUnreachable: "M301 M320 M321 M322 M323 M324 M328 P1001 P1017",
    LockTimeout: "M306 M327 M329 M330 P1002",
    HistoryBlocked: "M501 M502 M503 M504 M505 M506 M507 M508 M509 M702 P3005 P3008 P3009 P3011 P3012 P3017",
    MigrationFailed: "M601 M602 M603 M604 P3018",
    DeadlineExceeded: "M605 M606 M607 M608 M609 M610",
    InternalError: "M900 M901 M902",
}

CLASS_OF_CODE: Mapping[str, type[MigrateError]] = {
    code: each for each, codes in _CODES.items() for code in codes.split()
}
"""The classes by the codes of a function; those of `account` are of a terminal only, and are not in it."""
