"""The statements of gap: names are resolved as the script would, and all the rest is said in pg_catalog's own terms."""

from typing import Final, LiteralString

from lambda_fn.domain.recheck import Catalog, ReindexTarget

RESOLVE: Final = (
    "SELECT pg_catalog.to_regclass({first})::pg_catalog.oid, pg_catalog.to_regclass({second})::pg_catalog.oid"
)
"""The only statement that runs in the script's own search_path: it has no operator that the script could have made."""

IN_CATALOG: Final = "SET LOCAL search_path = pg_catalog, pg_temp"
"""Before each of the following. Unless named, pg_temp comes first: a temporary table of a script may be a pg_class."""

INDEX_ON_TABLE: Final = """
SELECT c.oid, n.nspname, c.relname, i.indisvalid::int
  FROM pg_class t JOIN pg_class c ON c.relnamespace = t.relnamespace AND c.relname = (parse_ident({name}))[1]::name
                  JOIN pg_index i ON i.indexrelid = c.oid AND i.indrelid = t.oid
                  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE t.oid = {table} AND c.relkind = 'i'
"""
"""An index is made in the schema of its table. That of a partitioned table ('I') may be invalid rightly."""

INDEX_OF_OID: Final = "SELECT oid FROM pg_class WHERE oid = {oid} AND relkind IN ('i', 'I')"

# A backend whose user is none of ours shows that it builds, but not what: then its locks tell. REINDEX CONCURRENTLY
# reports the new index and has both locked.
BEING_BUILT: Final = """
SELECT i.indexrelid
  FROM pg_index i
 WHERE i.indexrelid::text = ANY ({oids})
   AND EXISTS (SELECT 1 FROM pg_stat_progress_create_index p
                WHERE p.pid <> pg_backend_pid() AND p.datname = current_database()
                  AND (p.index_relid = i.indexrelid
                       OR EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                                   WHERE l.pid = p.pid AND l.granted AND l.locktype = 'relation'
                                     AND d.datname = p.datname
                                     AND (l.relation = i.indexrelid
                                          OR (p.index_relid IS NULL AND l.relation = i.indrelid)))))
"""

PARTITION: Final = """
SELECT c.oid, pn.nspname, p.relname, cn.nspname, c.relname, h.inhdetachpending::int
  FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
                     JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
 WHERE h.inhparent = {parent} AND h.inhrelid = {partition} AND p.relkind = 'p'
"""

LEFTOVERS: Final = """
SELECT c.oid, n.nspname, c.relname
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                  CROSS JOIN LATERAL regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '') AS stem
 WHERE NOT i.indisvalid AND c.relkind = 'i' AND stem <> c.relname
   AND pg_has_role(c.relowner, 'USAGE') AND {scope}
 ORDER BY 2, 3
"""
"""What REINDEX CONCURRENTLY leaves behind: the new index where it failed before it could be used, else the old one."""

# PostgreSQL cuts a name that would grow longer than 63 bytes, at a character.
_OF_INDEX: Final = """
EXISTS (SELECT 1 FROM pg_class x JOIN pg_index xi ON xi.indexrelid = x.oid
         WHERE x.oid IN (SELECT {oid}::oid UNION ALL SELECT relid FROM pg_partition_tree({oid}::oid))
           AND xi.indrelid = i.indrelid
           AND (x.relname = stem OR (octet_length(c.relname::text) >= 60 AND starts_with(x.relname, stem))))
"""
_OF_TABLE: Final = """
i.indrelid IN (SELECT unnest(ARRAY[t.oid, t.reltoastrelid]) FROM pg_class t
                WHERE t.oid IN (SELECT {oid}::oid UNION ALL SELECT relid FROM pg_partition_tree({oid}::oid)))
"""
_OF_SCHEMA: Final = """
i.indrelid IN (SELECT unnest(ARRAY[t.oid, t.reltoastrelid])
                 FROM pg_class t JOIN pg_namespace s ON s.oid = t.relnamespace
                WHERE s.nspname = (parse_ident({name}))[1]::name)
"""

SCOPES: Final[dict[ReindexTarget, LiteralString]] = {
    ReindexTarget.INDEX: _OF_INDEX,
    ReindexTarget.TABLE: _OF_TABLE,
    ReindexTarget.SCHEMA: _OF_SCHEMA,
    ReindexTarget.DATABASE: "true",
}

OBJECTS: Final[dict[Catalog, LiteralString]] = {
    Catalog.DATABASE: "SELECT oid FROM pg_database WHERE datname = (parse_ident({name}))[1]::name",
    Catalog.TABLESPACE: "SELECT oid FROM pg_tablespace WHERE spcname = (parse_ident({name}))[1]::name",
    Catalog.SUBSCRIPTION: """
SELECT s.oid FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
 WHERE d.datname = current_database() AND s.subname = (parse_ident({name}))[1]::name
""",
}

DROP_INDEX: Final = "DROP INDEX CONCURRENTLY IF EXISTS {index}"
FINALIZE_DETACH: Final = "ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE"

TIMEOUTS: Final = """
SELECT pg_catalog.current_setting('lock_timeout'), pg_catalog.current_setting('statement_timeout')
"""
SET_TIMEOUTS: Final = """
SELECT pg_catalog.set_config('lock_timeout', {lock_timeout}, false),
       pg_catalog.set_config('statement_timeout', {statement_timeout}, false)
"""
