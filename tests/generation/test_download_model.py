"""`manage.py download_model`, as the operator runs it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable

from tests.hub import Hub
from tests.site import ROOT, Site, until

NAME = "somebody/tiny"
MakeSite = Callable[..., Site]


def command(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return site.command("download_model", *arguments)


def test_the_command_downloads_and_says_what_to_do_next(new_site: MakeSite, remote: Hub) -> None:
    site = new_site(PLAYGROUND_MODEL="", HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="")
    done = command(site, NAME)
    assert done.returncode == 0
    assert f"{NAME}: 10 files, 614.1 kB in all." in done.stderr
    assert "%" not in done.stderr  # nobody looks on
    assert f"{NAME} is the site's model now." in done.stdout
    assert (site.data / "cache" / "hub" / "models--somebody--tiny" / "refs" / "main").exists()
    site.start().wait_ready()
    assert f"Ready · {NAME}" in site.get("/")[1].decode()


def test_the_command_names_the_setting_where_another_model_comes_first(new_site: MakeSite, remote: Hub) -> None:
    site = new_site(HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="")
    done = command(site, NAME, "--revision", "v1")
    assert done.returncode == 0
    assert f"set PLAYGROUND_MODEL={NAME}@v1 in .env" in done.stdout


def test_the_command_says_why_it_cannot(new_site: MakeSite, remote: Hub) -> None:
    site = new_site(HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="")
    refused = command(site, "nobody/nothing")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.strip() == "CommandError: There is no nobody/nothing on the hub, or it is private."
    remote.status = 500
    broken = command(site, NAME)
    assert broken.returncode == 1
    assert "What has come is kept: the same command goes on there." in broken.stderr


def test_on_a_terminal_the_command_shows_a_line_and_goes_on_after_ctrl_c(new_site: MakeSite, remote: Hub) -> None:
    remote.pace = 0.4
    site = new_site(HF_ENDPOINT=remote.url, HF_HUB_OFFLINE="")
    master, terminal = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "manage.py", "download_model", NAME],
        cwd=ROOT, env=site.environment, stdout=terminal, stderr=terminal, close_fds=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    )  # fmt: skip
    os.close(terminal)
    said = ""

    def shows_its_time() -> bool:
        nonlocal said
        if select.select([master], [], [], 0.1)[0]:
            said += os.read(master, 4096).decode()
        return re.search(r"\[#+\.+\] \d+ % of 614.1 kB, about \d+ s left", said) is not None

    until(shows_its_time)
    run.send_signal(signal.SIGINT)
    assert run.wait(10) == 1
    said += os.read(master, 4096).decode()
    assert "Stopped. What has come is kept: the same command goes on there." in said
    os.close(master)
    remote.pace = 0
    assert command(site, NAME).returncode == 0
    assert [given for _, _, given in remote.asked if given]
