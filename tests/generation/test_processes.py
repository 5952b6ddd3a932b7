"""Parents and children as real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.site import ROOT, is_alive, until

CHILD = """
import os, signal, sys, time
from pathlib import Path
from generation.processes import tether

def stop(*_):
    (Path(sys.argv[1]) / f"stopped-{os.getpid()}").touch()
    sys.exit()

signal.signal(signal.SIGTERM, stop)
tether()
(Path(sys.argv[1]) / f"started-{os.getpid()}").touch()
time.sleep(60)
"""
SUPERVISOR = """
import sys
from generation.processes import Supervisor

Supervisor({f"child {number}": [sys.executable, "-c", sys.argv[1], sys.argv[2]] for number in range(2)}).run()
"""


def started(folder: Path) -> list[int]:
    """The children so far, the oldest first."""
    files = sorted(folder.glob("started-*"), key=lambda path: path.stat().st_mtime_ns)
    return [int(path.name.rpartition("-")[2]) for path in files]


def living(folder: Path) -> list[int]:
    return [pid for pid in started(folder) if is_alive(pid)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a supervisor of two children like the given one, and waits until both run."""
    supervisors: list[subprocess.Popen[bytes]] = []

    def make(child: str = CHILD) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", SUPERVISOR, child, str(tmp_path)]
        supervisors.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        until(lambda: len(started(tmp_path)) >= 2)
        return supervisors[-1]

    yield make
    for supervisor in supervisors:
        supervisor.kill()
        supervisor.wait()
    until(lambda: not living(tmp_path), seconds=5)


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_dies_is_started_again_at_once(start: Start, tmp_path: Path, number: int) -> None:
    start()
    dying, other = living(tmp_path)
    os.kill(dying, number)
    until(lambda: len(started(tmp_path)) == 3, seconds=2)
    assert other in living(tmp_path)


def test_a_child_that_keeps_dying_is_given_longer_and_longer_pauses(start: Start, tmp_path: Path) -> None:
    start(CHILD.replace("time.sleep(60)", "os._exit(1)"))
    until(lambda: len(started(tmp_path)) >= 6)
    times = sorted(path.stat().st_mtime for path in tmp_path.glob("started-*"))[::2]  # the two go side by side
    first, second, *_ = (after - before for before, after in pairwise(times))
    assert second > first + 0.25


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_supervisor_that_is_asked_to_stop_stops_its_children_in_good_order(
    start: Start, tmp_path: Path, number: int
) -> None:
    supervisor = start()
    supervisor.send_signal(number)
    assert supervisor.wait(5) == 0
    assert living(tmp_path) == []
    assert len(list(tmp_path.glob("stopped-*"))) == 2


def test_children_end_within_three_seconds_when_their_supervisor_is_killed(start: Start, tmp_path: Path) -> None:
    supervisor = start()
    supervisor.kill()
    until(lambda: not living(tmp_path), seconds=3)


def test_a_dead_childs_own_children_end_with_it(start: Start, tmp_path: Path) -> None:
    grandchild = 'import subprocess; (Path(sys.argv[1]) / str(subprocess.Popen(["sleep", "60"]).pid)).touch()\n'
    start(CHILD.replace("time.sleep(60)", grandchild + "time.sleep(60)"))
    until(lambda: len([path for path in tmp_path.iterdir() if path.name.isdigit()]) == 2)
    pids = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]
    for child in living(tmp_path):
        os.kill(child, signal.SIGKILL)
    until(lambda: not any(is_alive(pid) for pid in pids), seconds=3)
