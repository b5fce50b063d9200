"""The real Prisma and this program, side by side: the same directory, a fresh database each, what became of both."""

from tests.interop.matrix import databases, deploying, directories, resolving, scripts

SCENARIOS = (
    *deploying.SCENARIOS,
    *resolving.SCENARIOS,
    *directories.SCENARIOS,
    *scripts.SCENARIOS,
    *databases.SCENARIOS,
)
"""Every scenario."""
