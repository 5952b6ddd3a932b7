"""Small disks, full or read-only, which one command and its children alone see."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

APART = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
INSIDE = ["nsenter", "--mount", *([] if os.geteuid() == 0 else ["--user", "--preserve-credentials"])]
may_mount = bool(shutil.which("unshare")) and not subprocess.run([*APART, "true"], capture_output=True).returncode
needs_mounts = pytest.mark.skipif(not may_mount, reason="no mounts of one's own here")


def with_a_small_disk(folder: Path, options: str) -> list[str]:
    """What stands before a command that has a file system of its own at `folder`, mounted with `options`."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    return [*APART, "sh", "-c", mount, str(folder)]


def on_a_small_disk(
    folder: Path, options: str, command: Sequence[str | Path], **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run `command` with a file system of its own at `folder`."""
    return subprocess.run([*with_a_small_disk(folder, options), *command], capture_output=True, text=True, **more)


def as_seen_by(pid: int, folder: Path) -> Path:
    """The folder as a process sees it, whatever is mounted for it alone."""
    return Path(f"/proc/{pid}/root{folder}")


def remount(pid: int, folder: Path, options: str) -> None:
    subprocess.run([*INSIDE, "--target", str(pid), "mount", "-o", f"remount,{options}", str(folder)], check=True)
