"""Prisma's own test suites of what we do too: how many checks each has, and which of them are not ours, and why.

The names are Prisma's. A suite of the command line is divided by database, so its names begin with that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_ENGINE_TESTS = "schema-engine/sql-migration-tests/tests"
_CLI_TESTS = "packages/migrate/src/__tests__"

_OTHER_DATABASE = "Another database than PostgreSQL."
_SHADOW_DATABASE = "Needs a shadow database, which is for development."
_SCHEMA_DIFFING = "Compares schemas: migrations are written elsewhere, and only applied here."
_SCHEMA_FILE = "There is no schema.prisma: only the migrations directory is read."
_CONFIG_FILE = "There is no Prisma config file: settings are environment variables and options."
_NO_RESET = "Nothing destructive exists."


@dataclass(frozen=True, slots=True)
class Suite:
    """One of Prisma's suites: how many checks it has, and the reason for each that is not applicable."""

    name: str
    source: str
    checks: int
    not_applicable: Mapping[str, str] = field(default_factory=dict)


ENGINE_SUITES = (
    Suite(
        "apply_migrations",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/apply_migrations/mod.rs",
        checks=11,
        not_applicable={
            "applying_a_single_migration_multi_file_should_work": _SCHEMA_FILE,
            "multi_schema_two_migrations_drop_fks": _OTHER_DATABASE,
            "multi_schema_two_migrations_reset": _OTHER_DATABASE,
        },
    ),
    Suite(
        "diagnose_migration_history",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/diagnose_migration_history_tests.rs",
        checks=22,
        not_applicable={
            "default_dbgenerated_should_not_cause_drift": _SHADOW_DATABASE,
            "default_uuid_should_not_cause_drift": _SHADOW_DATABASE,
            "diagnose_migration_history_calculates_drift_in_presence_of_failed_migrations": _OTHER_DATABASE,
            "diagnose_migration_history_with_opt_in_to_shadow_database_calculates_drift": _SHADOW_DATABASE,
            "diagnose_migrations_history_reports_migrations_failing_to_apply_cleanly": _SHADOW_DATABASE,
            "dmh_with_an_invalid_unapplied_migration_should_report_it": _SHADOW_DATABASE,
            "drift_can_be_detected_without_migrations_table": _SHADOW_DATABASE,
            "foreign_keys_on_same_columns_should_work": _SHADOW_DATABASE,
            "indexes_on_same_columns_with_different_names_should_work": _SHADOW_DATABASE,
            "shadow_database_creation_error_is_special_cased_mssql": _OTHER_DATABASE,
            "shadow_database_creation_error_is_special_cased_mysql": _OTHER_DATABASE,
            "shadow_database_creation_error_is_special_cased_postgres": _SHADOW_DATABASE,
        },
    ),
    Suite(
        "mark_migration_applied",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/mark_migration_applied_tests.rs",
        checks=6,
    ),
    Suite(
        "mark_migration_rolled_back",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/mark_migration_rolled_back_tests.rs",
        checks=5,
    ),
    Suite(
        "list_migration_directories",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/list_migration_directories/mod.rs",
        checks=2,
    ),
    Suite("advisory_locking", f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/advisory_locking.rs", checks=1),
    Suite("migrate_lock", f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/migrate_lock.rs", checks=2),
    Suite(
        "migration_persistence",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/migration_persistence_tests.rs",
        checks=6,
    ),
    Suite("checksum", "prisma/prisma-engines: schema-engine/connectors/schema-connector/src/checksum.rs", checks=3),
    Suite("squashing", f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/squashing_tests.rs", checks=3),
    Suite(
        "errors",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/errors/error_tests.rs",
        checks=12,
        not_applicable={
            "authentication_failure_must_return_a_known_error_on_mysql": _OTHER_DATABASE,
            "bad_datasource_url_and_provider_combinations_must_return_a_proper_error": _SCHEMA_FILE,
            "connections_to_system_databases_must_be_rejected": _OTHER_DATABASE,
            "database_does_not_exist_must_return_a_proper_error": _OTHER_DATABASE,
            "datamodel_parser_errors_must_return_a_known_error": _SCHEMA_FILE,
            "json_fields_must_be_rejected_on_mysql_5_6": _OTHER_DATABASE,
            "unique_constraint_errors_in_migrations_must_return_a_known_error": _SCHEMA_DIFFING,
            "unreachable_database_must_return_a_proper_error_on_mysql": _OTHER_DATABASE,
        },
    ),
    Suite(
        "url",
        "prisma/prisma-engines: quaint/src/connector/postgres/url.rs",
        checks=19,
        not_applicable={
            "search_path_crdb_safe_ident_should_be_set_with_param": _OTHER_DATABASE,
            "search_path_crdb_unsafe_ident_should_be_set_with_query": _OTHER_DATABASE,
            "should_map_incorrect_parameters_error": "Queries with parameters are the client's; none is offered here.",
        },
    ),
    Suite(
        "reset",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/migrations/reset_tests.rs",
        checks=4,
        not_applicable={
            "multi_schema_reset": _NO_RESET,
            "reset_then_apply_with_migrations_directory_works": _NO_RESET,
            "reset_then_diagnostics_with_migrations_directory_works": _NO_RESET,
            "reset_works": _NO_RESET,
        },
    ),
    Suite(
        "create_migration",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/create_migration/create_migration_tests.rs",
        checks=16,
        not_applicable={
            "alter_constraint_name": _SCHEMA_DIFFING,
            "bad_migrations_should_make_the_command_fail_with_a_good_error": _SHADOW_DATABASE,
            "basic_create_migration_multi_file_works": _SCHEMA_DIFFING,
            "basic_create_migration_works": _SCHEMA_DIFFING,
            "create_constraint_name_tests_w_explicit_names": _SCHEMA_DIFFING,
            "create_constraint_name_tests_w_implicit_names": _SCHEMA_DIFFING,
            "create_enum_renders_correctly": _SCHEMA_DIFFING,
            "create_enum_step_only_rendered_when_needed": _SCHEMA_DIFFING,
            "create_migration_with_implicit_m2m_has_logical_replication": _SCHEMA_DIFFING,
            "creating_a_second_migration_should_have_the_previous_sql_schema_as_baseline": _SCHEMA_DIFFING,
            "empty_migrations_should_not_be_created": _SCHEMA_DIFFING,
            "no_additional_unique_created": _SCHEMA_DIFFING,
            "unsupported_type_renders_correctly": _SCHEMA_DIFFING,
        },
    ),
    Suite(
        "evaluate_data_loss",
        f"prisma/prisma-engines: {_ENGINE_TESTS}/evaluate_data_loss/evaluate_data_loss_tests.rs",
        checks=7,
        not_applicable=dict.fromkeys(
            (
                "evaluate_data_loss_maps_warnings_to_the_right_steps",
                "evaluate_data_loss_multi_file_maps_warnings_to_the_right_steps",
                "evaluate_data_loss_returns_warnings_for_the_local_database_for_the_next_migration",
                "evaluate_data_loss_with_an_up_to_date_database_returns_no_step",
                "evaluate_data_loss_with_not_up_to_date_db_and_pending_changes_returns_the_right_steps",
                "evaluate_data_loss_with_past_unapplied_migrations_with_destructive_changes_does_not_warn_for_these",
                "evaluate_data_loss_with_up_to_date_db_and_pending_changes_returns_steps",
            ),
            _SCHEMA_DIFFING,
        ),
    ),
)

CLI_SUITES = (
    Suite(
        "MigrateDeploy",
        f"prisma/prisma: {_CLI_TESTS}/MigrateDeploy.test.ts",
        checks=9,
        not_applicable={
            "SQLite: 1 unapplied migration (folder)": _SCHEMA_FILE,
            "SQLite: should work with nested config and schema": _CONFIG_FILE,
            "common: should fail if no schema file": _SCHEMA_FILE,
            "postgres: should fail if url is prisma://": "The scheme of Prisma's hosted proxy; here any but "
            "postgresql:// and postgres:// is P1013.",
            "prisma.config.ts: should require a datasource in the config": _CONFIG_FILE,
        },
    ),
    Suite(
        "MigrateStatus",
        f"prisma/prisma: {_CLI_TESTS}/MigrateStatus.test.ts",
        checks=13,
        not_applicable={
            "SQLite: schema-folder-db-exists": _SCHEMA_FILE,
            "common: should fail if no schema file": _SCHEMA_FILE,
            "prisma.config.ts: should require a datasource in the config": _CONFIG_FILE,
        },
    ),
    Suite(
        "MigrateResolve",
        f"prisma/prisma: {_CLI_TESTS}/MigrateResolve.test.ts",
        checks=17,
        not_applicable={
            "SQLite: --applied should work on a failed migration (schema folder)": _SCHEMA_FILE,
            "cockroachdb: should fail if no db - invalid url": _OTHER_DATABASE,
            "common: renders help and help examples with the selected executable": "There is one executable.",
            "common: should fail if no schema file": _SCHEMA_FILE,
            "prisma.config.ts: should require a datasource in the config": _CONFIG_FILE,
        },
    ),
    Suite("Baseline", f"prisma/prisma: {_CLI_TESTS}/Baseline.test.ts", checks=1),
    Suite("listMigrations", f"prisma/prisma: {_CLI_TESTS}/listMigrations.test.ts", checks=3),
)

SUITES = (*ENGINE_SUITES, *CLI_SUITES)

WITHOUT_A_CHECK_OF_OURS: Mapping[str, str] = {
    "db_execute": "Runs any script at any database; psql does that.",
    "dev_diagnostic": "Decides what `migrate dev` is to do.",
    "drift_summary": _SCHEMA_DIFFING,
    "postgres (introspection, extensions, multi_schema, …)": _SCHEMA_DIFFING,
    "schema_filter": _SCHEMA_DIFFING,
    "shadow_database_url_configuration": _SHADOW_DATABASE,
    "soft_resets": _NO_RESET,
}
"""Suites of prisma-engines that are not ours as a whole."""
