"""Every statement of ours. Names are pg_catalog-qualified wherever a script may have changed the search_path."""

from typing import Final

ADVISORY_LOCK_KEY: Final = 72707369
"""Prisma's own key, so that either runner waits for the other."""

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

STANDARD_STRINGS: Final = "SET standard_conforming_strings = on"
"""Scripts are read with standard strings whatever the default of the role or database is: the lexer does so too."""

RESET_ROLES: Final = ("RESET SESSION AUTHORIZATION", "RESET ROLE")
RESET_SETTINGS: Final = ("RESET ALL", STANDARD_STRINGS)
"""What a script may have set, undone before our own statements and before the next message is read."""

LIMITS: Final = (
    "SET client_connection_check_interval = '2s'",
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET idle_session_timeout = '60s'",
)
"""A session whose client was killed must not live on and hold the lock (observed: 20 minutes)."""

CATALOG_ONLY: Final = "SET search_path = pg_catalog"
"""So that no operator or function of a script's own schema can stand in for PostgreSQL's."""

NO_ROW_SECURITY: Final = "SET row_security = off"
"""Row-level security must err instead of hiding rows of the history (observed: 0 rows without an error)."""

CLEAN_SESSION: Final = (
    *RESET_ROLES,
    *RESET_SETTINGS,
    # Not DISCARD ALL: it would release the advisory lock.
    "DEALLOCATE ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "DISCARD TEMP",
    "SET default_transaction_read_only = off",
    *LIMITS,
)
"""Make the session as new, with our limits, whatever the last migration left behind."""

CLEAN_STATE: Final = (
    # A default of read-only, the role's or one that a script left behind, must not stop what is ours. This has to
    # come before any query of its transaction.
    "SET transaction_read_only = off",
    *CLEAN_SESSION,
    CATALOG_ONLY,
    NO_ROW_SECURITY,
)
"""The same for a message of ours that begins no transaction."""

SET_ROLE: Final = "SET ROLE {role}"
TRY_ROLE: Final = "SET LOCAL ROLE {role}"
"""In a message of several statements, which is one transaction: whoever comes behind a pooler must not get it."""
SET_SEARCH_PATH: Final = "SET search_path = {schema}"
DEFAULT_SEARCH_PATH: Final = "RESET search_path"

ROLLBACK: Final = "ROLLBACK"
COMMIT: Final = "COMMIT"

PREFLIGHT: Final = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery()::int"

# For one transaction: a timeout that outlived it would be another script's.
LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = {timeout_ms}"
STATEMENT_TIMEOUT: Final = "SET LOCAL statement_timeout = {timeout_ms}"
TRANSACTION_TIMEOUT: Final = "SET LOCAL transaction_timeout = {timeout_ms}"

# For a statement outside of a transaction; CLEAN_STATE undoes them.
SESSION_LOCK_TIMEOUT: Final = "SET lock_timeout = {timeout_ms}"
SESSION_STATEMENT_TIMEOUT: Final = "SET statement_timeout = {timeout_ms}"

DEADLOCK_TIMEOUT_MS: Final = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'"

LOCK_WAITERS: Final = """
SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks
 WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid = {key} AND objsubid = 1
   AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""
"""How many sessions wait for the advisory lock as Prisma does, with a snapshot that a concurrent index waits for."""

TRY_LOCK: Final = "SELECT pg_catalog.pg_try_advisory_lock({key})::int"

LOCK_HOLDER: Final = """
SELECT a.pid, coalesce(a.application_name, ''), coalesce(a.state, 'state not visible'),
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))::int,
       coalesce(a.usename, '')
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = {key} AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 LIMIT 1
"""

# A number that cannot be read names what was lost; nobody else's error can look like it, because of the nonce. Not by
# a cast: a database may have its own from text to int, and a temporary table takes a type's name. No operators either.
# To look the lock up in pg_locks would take 100 us, a tenth of a small migration: letting go of it says whether the
# session had it, and nobody comes in meanwhile, as the transaction has the same one.
CHECK_SESSION_LOCK: Final = """
SELECT pg_catalog.int4in(pg_catalog.textout(
           CASE WHEN NOT pg_catalog.pg_try_advisory_xact_lock({key}) THEN {lost}
                WHEN NOT pg_catalog.pg_advisory_unlock({key}) THEN {lost}
                WHEN pg_catalog.pg_try_advisory_lock({key}) THEN '1' END))
"""

NAME_FENCE: Final = "SET LOCAL migrate_lambda.fence = {word}"
TAKE_FENCE: Final = CHECK_SESSION_LOCK + "     , pg_catalog.pg_advisory_xact_lock({key}, {nonce})"
"""The setting and the lock are the transaction's: both are gone when somebody ends it."""

CHECK_CONSTRAINTS: Final = "SET CONSTRAINTS ALL IMMEDIATE"
"""Deferred triggers fire here, in the script's own search_path and role, and not at our COMMIT."""

CHECK_FENCE: Final = """
SELECT CASE WHEN pg_catalog.current_setting('migrate_lambda.fence', true) = {word} THEN NULL
            ELSE pg_catalog.ts_rewrite('a', {locked}) END
"""
"""The setting is looked at because that takes no time. A script's RESET ALL takes it away, and then the lock counts:
ts_rewrite carries out a query that it gets as text, so that this one is planned only where it is needed (110 us)."""

CHECK_FENCE_LOCK: Final = """
SELECT pg_catalog.tsqueryin('a'), pg_catalog.tsqueryin(pg_catalog.int4out(pg_catalog.int4in(pg_catalog.textout(
           CASE WHEN pg_catalog.count(*) = 1 THEN '1' ELSE {lost} END))))
  FROM pg_catalog.pg_locks
 WHERE locktype = 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid()
   AND classid = {key} AND objid = {nonce} AND objsubid = 2
"""

# The script may have let go of the session's lock; the transaction's lock on the same key kept others out.
RETAKE_LOCK: Final = """
SELECT CASE WHEN pg_catalog.pg_advisory_unlock_all() IS NOT NULL THEN pg_catalog.pg_try_advisory_lock({key}) END
"""

TABLE_STATE: Final = """
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = {schema} AND c.relname = '_prisma_migrations' AND c.relkind = 'r')::int,
       EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = {schema} AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
                  AND pg_catalog.lower(c.relname) NOT IN
                      ('spatial_ref_sys', 'geometry_columns', 'geography_columns', 'raster_columns',
                       'raster_overviews'))::int,
       EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {schema})::int
"""
"""Whether there is a history, whether there are other tables (Prisma ignores exactly those five), the schema."""

CREATE_SCHEMA: Final = "CREATE SCHEMA {schema}"

CREATE_TABLE: Final = """
CREATE TABLE {table} (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)
"""
"""To the letter what Prisma's engine creates."""

LIST: Final = """
SELECT id, migration_name, checksum, (finished_at IS NOT NULL)::int, (rolled_back_at IS NOT NULL)::int,
       CASE WHEN finished_at IS NULL AND rolled_back_at IS NULL
            THEN coalesce(CASE WHEN started_at >= '0001-01-01 00:00:00+00'
                               THEN to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') END,
                          (started_at AT TIME ZONE 'UTC')::text) END,
       CASE WHEN finished_at IS NULL AND rolled_back_at IS NULL
            THEN CASE WHEN length(logs) > 5000 THEN left(logs, 4000) || E'\n' || right(logs, 1000) ELSE logs END END
  FROM {table} ORDER BY started_at
"""
"""Of long logs the beginning, which says why it failed, and the end, where a journal stands."""

ROWS: Final = """
WITH stated AS MATERIALIZED (
    SELECT id, migration_name, checksum, started_at, finished_at, rolled_back_at, logs, applied_steps_count,
           CASE WHEN rolled_back_at IS NOT NULL THEN 'rolledBack'
                WHEN finished_at IS NOT NULL THEN 'applied'
                WHEN right(logs, 1000) ~ {journal} THEN 'halfDone'
                ELSE 'failed' END AS state
      FROM {table} WHERE {name_part}::text IS NULL OR strpos(migration_name, {name_part}) > 0
), newest AS (
    SELECT *, count(*) OVER () AS matching FROM stated WHERE {state}::text IS NULL OR state = {state}
     ORDER BY started_at DESC, migration_name COLLATE "C" DESC LIMIT {limit}
)
SELECT id, migration_name, checksum, state,
       coalesce(CASE WHEN started_at >= '0001-01-01 00:00:00+00'
                     THEN to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
                (started_at AT TIME ZONE 'UTC')::text),
       coalesce(CASE WHEN finished_at >= '0001-01-01 00:00:00+00'
                     THEN to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
                (finished_at AT TIME ZONE 'UTC')::text),
       coalesce(CASE WHEN rolled_back_at >= '0001-01-01 00:00:00+00'
                     THEN to_char(rolled_back_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END,
                (rolled_back_at AT TIME ZONE 'UTC')::text),
       CASE WHEN isfinite(finished_at) AND isfinite(started_at)
            THEN greatest(0, round((extract(epoch FROM finished_at) - extract(epoch FROM started_at)) * 1000))::bigint
            END,
       (state = 'applied' AND applied_steps_count = 0 AND logs = '')::int,
       CASE WHEN state <> 'applied'
            THEN CASE WHEN length(logs) > 5000 THEN left(logs, 4000) || E'\n' || right(logs, 1000) ELSE logs END END,
       matching
  FROM newest ORDER BY started_at, migration_name COLLATE "C"
"""
"""Whole rows, for people only; of the logs as much as LIST reads of them.

to_char gives NULL for infinity, and leaves out that a year is before the first one: both are as the server writes them.
"""

INSERT_APPLIED: Final = """
INSERT INTO {table} (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
VALUES ({id}, {checksum}, {name}, pg_catalog.now(), pg_catalog.clock_timestamp(), 1)
"""

# A rule or a trigger on the table can swallow the row, or change it.
CHECK_ROW: Final = """
SELECT pg_catalog.int4in(pg_catalog.textout(CASE WHEN pg_catalog.count(*) = 1 THEN '1' ELSE {lost} END))
  FROM {table} WHERE id = {id} AND finished_at IS NOT NULL AND rolled_back_at IS NULL
"""

INSERT_STARTED: Final = """
INSERT INTO {table} (id, checksum, migration_name, started_at, logs)
VALUES ({id}, {checksum}, {name}, pg_catalog.clock_timestamp(), {logs})
"""

# As Prisma leaves it; the file may have been edited behind the steps that were done before.
MARK_FINISHED: Final = """
UPDATE {table} SET finished_at = pg_catalog.clock_timestamp(), applied_steps_count = 1, logs = NULL,
                   checksum = {checksum}
 WHERE id = {id} AND finished_at IS NULL AND rolled_back_at IS NULL
"""

FORGET_STARTED: Final = "DELETE FROM {table} WHERE id = {id} AND finished_at IS NULL"
"""Only for a row of our own of which nothing is in the database."""

RECORD_LOGS: Final = """
UPDATE {table} SET logs = {logs} WHERE id = {id} AND finished_at IS NULL AND rolled_back_at IS NULL
"""

CHECK_LOGS: Final = """
SELECT pg_catalog.int4in(pg_catalog.textout(CASE WHEN pg_catalog.count(*) = 1 THEN '1' ELSE {lost} END))
  FROM {table} WHERE id = {id} AND finished_at IS NULL AND rolled_back_at IS NULL AND logs = {logs}
"""

LOGS: Final = "SELECT (finished_at IS NOT NULL)::int, logs FROM {table} WHERE id = {id}"

MARK_ATTEMPT_ROLLED_BACK: Final = """
UPDATE {table} SET logs = {logs}, rolled_back_at = pg_catalog.clock_timestamp()
 WHERE id = {id} AND finished_at IS NULL AND rolled_back_at IS NULL
"""

LAST_ROLLED_BACK: Final = """
SELECT id, logs FROM {table}
 WHERE migration_name = {name} AND checksum = {checksum} AND finished_at IS NULL AND rolled_back_at IS NOT NULL
 ORDER BY started_at DESC LIMIT 1
"""

INSERT_FAILED: Final = """
INSERT INTO {table} (id, checksum, migration_name, started_at, logs)
VALUES ({id}, {checksum}, {name}, pg_catalog.now(), {logs})
"""

INSERT_ROLLED_BACK: Final = """
INSERT INTO {table} (id, checksum, migration_name, started_at, logs, rolled_back_at)
VALUES ({id}, {checksum}, {name}, pg_catalog.now(), {logs}, pg_catalog.clock_timestamp())
"""

UPDATE_FAILED: Final = """
UPDATE {table} SET logs = {logs}, started_at = pg_catalog.now(), rolled_back_at = pg_catalog.clock_timestamp()
 WHERE id = {id}
"""

INSERT_RESOLVED: Final = """
INSERT INTO {table} (id, checksum, migration_name, logs, started_at, finished_at)
VALUES ({id}, {checksum}, {name}, '', pg_catalog.now(), pg_catalog.now())
"""

MARK_ROLLED_BACK: Final = "UPDATE {table} SET rolled_back_at = pg_catalog.now() WHERE id = ANY ({ids})"

HAS_ROW: Final = "SELECT 1 FROM {table} WHERE id = {id} AND finished_at IS NOT NULL"
"""Whether a transaction whose COMMIT was never answered did commit."""
