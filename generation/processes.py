"""Parents and children: who dies is restarted, and nobody outlives its parent. Standard library only."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

logger = logging.getLogger(__name__)

PARENT = "PLAYGROUND_PARENT_PID"
"""Tells a child whose child it is, so that it notices even a parent that died before it could look."""

CHECK_EVERY = 0.25  # s between two looks for the parent
LOOK_EVERY = 0.1  # s between two looks for the children
PATIENCE = 15.0  # s a child has to stop in good order
LONGEST_PAUSE = 30.0  # s between two starts of something that keeps dying
YOUNG = 5.0  # s: what dies younger is started again after a growing pause, anything else at once


def tether(parent: int | None = None) -> None:
    """End this process at once when `parent` (by default whoever started it as a child) is gone."""
    pid = parent or int(os.environ.get(PARENT, "0")) or os.getppid()

    def watch() -> None:
        while os.getppid() == pid:
            time.sleep(CHECK_EVERY)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="tether", daemon=True).start()


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    pause: float = 0.0

    def start(self) -> None:
        environment = {**os.environ, PARENT: str(os.getpid())}
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops the child in good order.
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True)
        self.started = time.monotonic()

    def look(self) -> None:
        """Start it if it is due; note its death and when it is to start again."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
        elif (code := self.process.poll()) is not None:
            self.end_group()  # whatever the dead one left behind
            died_young = now - self.started < YOUNG and code != 0
            self.pause = min(max(0.5, self.pause * 2), LONGEST_PAUSE) if died_young else 0.0
            logger.warning("%s ended (%s); starting it again.", self.name, _said(code))
            self.process, self.start_at = None, now + self.pause

    def signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def end_group(self) -> None:
        if self.process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _said(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def worker_command() -> list[str]:
    """The worker as a child, for whoever has checked the settings already: they take half a second of each start."""
    return [sys.executable, sys.argv[0], "worker", "--unwatched", "--skip-checks"]


class Supervisor:
    """Keeps children running until it is asked to stop by SIGTERM or Ctrl-C; then stops them in good order."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._children = {name: _Child(name, command) for name, command in commands.items()}
        self._stopping = False

    def start(self, name: str) -> None:
        """That child before the others. Nobody looks after it until `run`, but it ends with this process."""
        self._children[name].start()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        try:
            while not self._stopping:
                for child in self._children.values():
                    child.look()
                time.sleep(LOOK_EVERY)
        finally:
            self._end()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _end(self) -> None:
        for child in self._children.values():
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self._children.values():
            if child.process:
                try:
                    child.process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    logger.warning("%s did not stop in %d s and is killed.", child.name, PATIENCE)
            child.end_group()
