"""Runners as processes, so that they can be killed and stopped."""

import json
import queue
import signal
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.faults.judge import Answer
from tests.fixtures.planted import check_said
from tests.fixtures.projects import ROOT
from tests.fixtures.terminal import environment

_END_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """A runner that is no more; `answer` is None where it was killed before it gave one."""

    runner: str
    exit_code: int
    answer: Answer | None


class Runners:
    """Starts runners by a fork server, and tells of their ends in the queue `ended`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True, exist_ok=True)
        self.ended: queue.Queue[Ended] = queue.Queue()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        assert self._server.stdout
        self._server.stdout.readline()  # it is ready: what is planned for a time comes in time
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait(_END_LIMIT_S)
        self._listener.join()
        self._server.stdout.close()

    @staticmethod
    def new_id() -> str:
        """An id for a run."""
        return uuid.uuid4().hex[:12]

    def start(self, runner: str, url: str, directory: Path, remaining_s: float, reserve_s: float) -> None:
        """Start a deploy with this id for its run."""
        self._order(
            runner=runner,
            url=url,
            directory=str(directory),
            remaining_s=remaining_s,
            reserve_s=reserve_s,
            answer=str(self._home / runner),
        )

    def send_signal(self, runner: str, number: signal.Signals) -> None:
        """Send a signal to a runner; one that has ended does not mind."""
        self._order(runner=runner, signal=int(number))

    def _order(self, **order: object) -> None:
        assert self._server.stdin
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()

    def _listen(self) -> None:
        assert self._server.stdout
        for line in self._server.stdout:
            end = json.loads(line)
            self.ended.put(Ended(end["runner"], end["exit_code"], self._answer(end["runner"])))

    def _answer(self, runner: str) -> Answer | None:
        path = self._home / runner
        if not path.exists():
            return None
        text = path.read_text()
        path.unlink()
        check_said(text)
        answer = json.loads(text)
        return Answer(answer["json"], tuple(answer["events"]))
