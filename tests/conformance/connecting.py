"""Connecting as a run does, and no more."""

from lambda_fn.domain.target import target_from_url
from lambda_fn.postgres.connection import Connection


def connect(url: str) -> Connection:
    """Open a run's connection. Raises: MigrateError."""
    return Connection(target_from_url(url), schema=None, owner_role=None, run_id="test-run")
