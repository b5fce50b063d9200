"""Starts runners: `python -m tests.faults.fork_server`, of which every runner is a fork, 10 ms instead of 400.

It has one thread, so that forking is safe. Orders come as lines of JSON on stdin, and what became of the runners
goes out as lines of JSON; when stdin ends, it kills them all and ends.
"""

import contextlib
import json
import os
import select
import signal
import sys
import uuid
from pathlib import Path
from typing import Any, Never

from lambda_fn import wiring
from lambda_fn.domain.outcome import to_json
from lambda_fn.domain.request import parse_request
from lambda_fn.postgres import advisory_lock, migrations_table, runner  # noqa: F401  # so that no fork has to
from lambda_fn.settings import Settings
from tests.fixtures.projects import RecordingReporter


def main() -> None:
    """Carry out orders until there are no more."""
    bell, rung = os.pipe()
    os.set_blocking(rung, False)
    signal.set_wakeup_fd(rung)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever gives the orders ends it
    children: dict[int, str] = {}
    rest = b""
    print(flush=True)  # an empty line: ready
    while True:
        ready, _, _ = select.select([0, bell], [], [])
        if bell in ready:
            os.read(bell, 4096)
            _reap(children)
        if 0 not in ready:
            continue
        data = os.read(0, 65536)
        if not data:
            break
        *orders, rest = (rest + data).split(b"\n")
        for order in orders:
            _carry_out(json.loads(order), children)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _carry_out(order: dict[str, Any], children: dict[int, str]) -> None:
    """Start a runner, or send a signal to one that has not been reaped."""
    if "signal" in order:
        for pid, runner_id in children.items():
            if runner_id == order["runner"]:
                os.kill(pid, order["signal"])
        return
    pid = os.fork()
    if pid == 0:
        _run(order)
    children[pid] = order["runner"]


def _reap(children: dict[int, str]) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            line = {"runner": children.pop(pid), "exit_code": os.waitstatus_to_exitcode(status)}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def _run(order: dict[str, Any]) -> Never:
    """Deploy, write the answer into a file, and end."""
    exit_code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        reporter = RecordingReporter()
        outcome = wiring.run(
            parse_request({}),
            Settings(database_url=order["url"], directory=order["directory"], reserve_s=order["reserve_s"]),
            reporter,
            run_id=order["runner"],
            remaining_s=order["remaining_s"],
        )
        answer = {"json": to_json(outcome), "events": [type(event).__name__ for event in reporter.events]}
        unfinished = Path(order["answer"] + "." + uuid.uuid4().hex)
        unfinished.write_text(json.dumps(answer))
        unfinished.rename(order["answer"])
        exit_code = 0
    finally:
        os._exit(exit_code)


if __name__ == "__main__":
    main()
