"""Statements that look at other sessions, or end one. See sql.py for all others."""

from typing import Final

LOCK_HOLDER: Final = """
SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''), a.state,
       extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.state_change, a.backend_start))::int,
       extract(epoch FROM pg_catalog.clock_timestamp())
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = {key} AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
 LIMIT 1
"""

AS_LOGIN: Final = "SET LOCAL ROLE NONE"
"""The owner's role may see less of other sessions, and end fewer, than the user that logged in."""

# All in one: the backend that was seen may be gone, and its pid somebody else's.
END_LOCK_HOLDER: Final = """
SELECT pg_catalog.pg_terminate_backend(a.pid, {patience_ms})
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = {pid} AND a.application_name = {application} AND a.datname = pg_catalog.current_database()
   AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                WHERE l.pid = a.pid AND l.database = a.datid AND l.locktype = 'advisory' AND l.granted
                  AND l.classid = 0 AND l.objid = {key} AND l.objsubid = 1)
"""
"""No row where there is no such holder any more."""

# A real Prisma gives up after 10 s, but its backend does not hear of that before it has the lock. Materialized, as the
# server may ask conditions in any order: in one WHERE it cancelled those that had just begun to wait.
CANCEL_ABANDONED_WAITERS: Final = """
WITH abandoned AS MATERIALIZED (
SELECT pid FROM pg_catalog.pg_locks
 WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid = {key} AND objsubid = 1
   AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND waitstart < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {patience_s}))
SELECT pid FROM abandoned WHERE pg_catalog.pg_cancel_backend(pid)
"""
"""The backends that were cancelled. Without the right to that it is an error."""

WATCH_STATE: Final = (
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '3s'",
    "SET lock_timeout = '3s'",
    "SET client_connection_check_interval = '2s'",
    "SET idle_session_timeout = '60s'",
    "SET search_path = pg_catalog",
)
"""A session that only looks on, and does not outlive us."""

HIDDEN: Final = "<insufficient privilege>"
"""What pg_stat_activity shows in the place of a query that we may not see."""

# pg_blocking_pids() names also those that wait ahead of us, and 0 for a prepared transaction.
ROOT_BLOCKERS: Final = """
WITH RECURSIVE chain AS (
    SELECT b.pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids({pid})) AS b (pid)
     UNION
    SELECT b.pid FROM chain c, pg_catalog.unnest(pg_catalog.pg_blocking_pids(c.pid)) AS b (pid)
), edge AS MATERIALIZED (
    SELECT w.pid AS waiter, b.pid AS blocker
      FROM (SELECT l.pid FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.pid <> {pid}
             GROUP BY l.pid ORDER BY pg_catalog.max(l.waitstart) DESC NULLS FIRST LIMIT {limit}) w,
           pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)
), behind AS (
    SELECT e.waiter FROM edge e WHERE e.blocker = {pid}
     UNION
    SELECT e.waiter FROM behind JOIN edge e ON e.blocker = behind.waiter
)
SELECT c.pid, coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), ''),
       coalesce(a.usename, ''), a.state, extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start),
       pg_catalog."left"(a.query, {query_limit}), (SELECT pg_catalog.count(*) FROM behind)
  FROM chain c LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = c.pid
 WHERE c.pid <> {pid} AND pg_catalog.cardinality(pg_catalog.pg_blocking_pids(c.pid)) = 0
 ORDER BY a.xact_start NULLS LAST, c.pid
"""
"""Who blocks a backend and waits for nobody, the oldest transaction first; and how many wait behind the backend."""

INDEX_PROGRESS: Final = """
SELECT command, phase, lockers_done, lockers_total, current_locker_pid, blocks_done, blocks_total,
       tuples_done, tuples_total, partitions_done, partitions_total
  FROM pg_catalog.pg_stat_progress_create_index
 WHERE pid = {pid} AND phase IS NOT NULL
"""
