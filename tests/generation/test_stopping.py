"""Asked to stop, in any of the usual ways, the site ends within one step, and the job waits with what it has."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from tests.site import ROOT, Site, descendants, is_alive, until

AT_ONCE = 1.5  # s beside the step that is under way: until each process has been told


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Iterator[Site]:
    return new_site(PLAYGROUND_STEPS="200")


def submit_slow(site: Site) -> tuple[str, float]:
    """(a job that is under way, s that each of its steps takes): a step is seen, and 200 would take minutes."""
    uuid = site.submit("a fox", num_images=30, width=1024, height=1024)
    until(lambda: site.job(uuid)["step"] >= 1, seconds=60, log=site.log)
    first, began = site.job(uuid)["step"], time.monotonic()
    until(lambda: site.job(uuid)["step"] >= first + 2, seconds=60)
    return uuid, (time.monotonic() - began) / (site.job(uuid)["step"] - first)


def stops(site: Site, uuid: str, step: float, ask: Callable[[], object]) -> None:
    processes, told = [site.process.pid, *descendants(site.process.pid)], site.job(uuid)["version"]
    began = time.monotonic()
    ask()
    until(lambda: site.job(uuid)["state"] == "waiting", what="put back", log=site.log)
    assert time.monotonic() - began < step + AT_ONCE
    row = site.job(uuid)
    assert row["version"] <= told + 3, "the step that was under way, that it waits again, and perhaps one before"
    assert site.process.wait(30) == 0
    assert (row["state"], row["attempts"], row["worker_id"]) == ("waiting", 0, None)
    assert not any(map(is_alive, processes))
    assert not site.rows("SELECT 1 FROM generation_worker")


def test_sigterm_ends_it_within_one_step(site: Site) -> None:
    site.start().wait_ready()
    uuid, step = submit_slow(site)
    stops(site, uuid, step, lambda: site.process.send_signal(signal.SIGTERM))


def test_ctrl_c_in_a_terminal_ends_it_within_one_step(site: Site) -> None:
    """What the terminal does: SIGINT for every process that runs in its foreground."""
    controller, terminal = os.openpty()

    def in_the_foreground() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    site.process = subprocess.Popen(
        [sys.executable, "manage.py", "run"],
        cwd=ROOT, env=site.environment, stdin=terminal, stdout=terminal, stderr=terminal,
        preexec_fn=in_the_foreground,
    )  # fmt: skip
    os.close(terminal)
    site.log.touch()
    site.wait_ready()
    uuid, step = submit_slow(site)
    stops(site, uuid, step, lambda: os.write(controller, b"\x03"))
    assert b"Stopped." in os.read(controller, 10_000)
    os.close(controller)
