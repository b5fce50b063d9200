"""Fixtures are kept one concern a file."""

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.projects", "tests.fixtures.proxy"]
