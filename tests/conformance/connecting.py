"""Connecting as a run does, and no more."""

from lambda_fn.credentials import SettingsCredentials
from lambda_fn.postgres.connection import Connection
from lambda_fn.settings import Settings


def connect(url: str) -> Connection:
    """Open a run's connection. Raises: MigrateError."""
    return Connection(SettingsCredentials(Settings(database_url=url)), schema=None, owner_role=None, run_id="test-run")
