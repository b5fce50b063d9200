"""Fixtures are kept one concern a file; one that others import from comes before them."""

import signal

pytest_plugins = [
    "tests.fixtures.memory",
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


def pytest_configure() -> None:
    """Hear the signals that tests send to what they start: a shell ignores them for what it runs in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            # Not SIG_DFL for ourselves; what is started gets that all the same, as from any signal that is handled.
            signal.signal(number, signal.default_int_handler)
