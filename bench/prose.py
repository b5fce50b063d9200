"""What bench/RESULTS.md says of how its figures were made."""

from bench.cold import APPLIED
from bench.cpu_share import FULL_CPU_MB, PERIOD_US
from bench.turns import LIMIT_S, SLOW_S

TITLE = """# Measured beside its peers

Written by `make bench`, which anybody can repeat: figures of one machine mean little, the ratios within one run do.
Every sample is in [results.json](results.json).

![This program and its peers by round-trip time](results.svg)
"""

BEHIND = """Where one is missed: a Python process with psycopg takes a fifth of a second before it does anything, and
with the command line a third; psql, in C, applies 1000 small migrations in about a second on this machine. And each
migration costs what psql does not do: a clean session, the fences, the row in the history and the look that it is
there, 0.3 ms on the server. Both count less the longer a round trip takes. Importing is close to its target, above or
below it from run to run; a third of what it has beside psycopg is Powertools, which the function imports while Lambda
starts it.
"""

HOW = f"""## How it is measured

- Each figure is of a **whole process**, from its start to its end, in milliseconds: the median, with the lowest and the
  highest. The tools take turns (A B C, B C A, ...), after a round that does not count, each on a new database of the
  same server. (Cold start: one after the other in each round.)
- Every tool applies **the same scripts**, laid out in its own form beforehand, each in a transaction of its own: where
  that is not the default (alembic, node-pg-migrate) it is asked for. psql is no peer but the measure: one process with
  a `-f` for each file, that keeps no history, and sends and commits every statement by itself. That is two round
  trips and two commits for a migration of two statements; a tool that sends a file at once can go below it, the more so
  the longer a round trip takes. `bare psycopg` is a Python process that imports
  psycopg, connects and asks `SELECT 1`: what a Python program with nothing to do cannot go below.
- All of them log in with a password (SCRAM) and without TLS.
- After each run the exit code and the number of tables are looked at; what failed is said, and is never a figure.
- † is a single run, the warm-up: what takes longer than {SLOW_S:.0f} s is not repeated. What takes longer than
  {LIMIT_S:.0f} s is killed, and said to be.
- CPU time is the user and system time of all processes of a run (wait4); memory is the highest resident set of the
  largest of them.
- **Round-trip time** is added by a proxy in a process of its own, half of it on each way; none means no proxy at all.
  What it really adds is measured, and stands beside it.
- The server waits for no disk (fsync off, its files in memory), as the disk is not what is compared; one table is
  with fsync.
- How many round trips, messages and commits a run has is not measured here: those are exact, and asserted in
  `tests/postgres/test_round_trips.py`. Nor is the size of the package: above 6.5 MB `make build` fails.
"""

FRESH = """Generated migrations: a table with its primary key, and an index on it. Behind each figure stands how many
times that of psql (fresh) or of bare psycopg (nothing to do) it is, and then how many times that of this program.
"""

LARGE = """One script of 50 MB: 20,000 INSERTs of 8 rows each, which psql sends and commits one by one. The server's
memory is that of the process which serves the session, asked of the kernel every 20 ms: its high-water mark (VmHWM), in
which the pages of the 128 MiB of shared buffers count that it has touched, and the most that was seen of its own memory
(RssAnon).
"""

MANY = """As above, ten times as many as the largest number there.
"""

DURABLE = """As above, but on a disk and with fsync: every commit waits for it, of which psql has two for a migration.
"""

PRISMA = """Prisma's native engine cannot be had from a package registry. This is its published CLI with its published
engine in the **WebAssembly form**, which starts and works more slowly than the native one. It says nothing of the speed
of the Prisma that you run, and is therefore in no other table and not in the chart.
"""

INTERPRETERS = """Fresh interpreters, as whole processes. Without byte code means without that of the package; that of
the standard library is always there. Behind each figure stands how many times `import psycopg` with byte code it is.
"""

FUNCTION = f"""The packaged function under AWS's runtime client, with {APPLIED} migrations applied and nothing to do:
from its start until it is ready, its first invocation, and a warm one, in turns with a bare connect of psycopg's.
"""

CPU = f"""Lambda gives one CPU at {FULL_CPU_MB:,} MB, and below that in proportion to the memory. Here the kernel gives
the function's process that share of one CPU of this machine in each {PERIOD_US / 1000:g} ms (a cgroup with
cpu.cfs_quota_us). The start has all of the CPU, as Lambda does not hold it back while a function starts. Where nothing
is to do, {APPLIED} migrations are applied. MB·s are those of the start and of the first invocation with Secrets
Manager, as both are billed.
"""
