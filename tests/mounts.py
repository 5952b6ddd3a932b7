"""Small disks, full or read-only, which one command alone sees."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

APART = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
may_mount = bool(shutil.which("unshare")) and not subprocess.run([*APART, "true"], capture_output=True).returncode
needs_mounts = pytest.mark.skipif(not may_mount, reason="no mounts of one's own here")


def on_a_small_disk(
    folder: Path, options: str, command: Sequence[str | Path], **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run `command` with a file system of its own at `folder`, mounted with `options`."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    return subprocess.run([*APART, "sh", "-c", mount, folder, *command], capture_output=True, text=True, **more)
