"""The real Prisma and this program, side by side: the same directory, a fresh database each, what became of both."""

from tests.interop.matrix import databases, deploying, directories, resolving, scripts

MODULES = (deploying, resolving, directories, scripts, databases)
SCENARIOS = tuple(scenario for module in MODULES for scenario in module.SCENARIOS)
"""Every scenario."""
