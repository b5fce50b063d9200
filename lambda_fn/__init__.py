"""Applies Prisma-style SQL migrations to PostgreSQL at deploy time."""

__version__ = "0.1.0"
