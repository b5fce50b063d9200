"""Fixtures are kept one concern a file; one that others import from comes before them."""

pytest_plugins = [
    "tests.fixtures.planted",
    "tests.fixtures.servers",
    "tests.fixtures.projects",
    "tests.fixtures.prisma",
    "tests.fixtures.proxy",
    "tests.fixtures.functions",
    "tests.fixtures.tls",
    "tests.fixtures.ldap",
    "tests.fixtures.stacks",
    "tests.fixtures.pgbouncer",
    "tests.fixtures.aws_stand_in",
    "tests.fixtures.results",
    "tests.fixtures.deliveries",
    "tests.fixtures.emulator",
    "tests.fixtures.deployments",
]
