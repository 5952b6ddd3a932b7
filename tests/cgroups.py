"""A memory limit that the kernel enforces by killing, as a container has one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.site import until

MIB = 2**20
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


def _top() -> Path | None:
    """Where groups with a limit can be made; None: nowhere, for us."""
    if (V1 / "memory.limit_in_bytes").exists():
        return V1 if os.access(V1, os.W_OK) else None
    control = V2 / "cgroup.subtree_control"
    is_ours = os.access(control, os.W_OK) and "memory" in control.read_text()
    return V2 if is_ours else None


needs_memory_groups = pytest.mark.skipif(_top() is None, reason="no memory limits of one's own here")


class Group:
    """Processes that share a limit. Children are born into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = ["sh", "-c", f'echo $$ > {folder}/cgroup.procs && exec "$@"', "sh"]
        """What stands before a command that is to run in it."""

    def limit(self, mib: int | None) -> None:
        name = "memory.limit_in_bytes" if self.folder.parent == V1 else "memory.max"
        none = "-1" if self.folder.parent == V1 else "max"
        (self.folder / name).write_text(str(mib * MIB) if mib else none)

    @property
    def used(self) -> int:
        """MiB"""
        name = "memory.usage_in_bytes" if self.folder.parent == V1 else "memory.current"
        return int((self.folder / name).read_text()) // MIB


@contextmanager
def memory_group() -> Iterator[Group]:
    top = _top()
    assert top
    folder = top / f"playground-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield Group(folder)
    finally:
        until(lambda: not (folder / "cgroup.procs").read_text(), seconds=10, what="all of its processes ended")
        folder.rmdir()
