"""How much memory the groups that Linux puts a process into still leave it: a container's limit, or a service's."""

from collections.abc import Iterator
from pathlib import Path

V2 = ("memory.max", "memory.current", "")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
"""Of a group's folder: the file with its limit, that with what it uses, and how its memory.stat begins names."""


def left(root: Path = Path("/")) -> list[int]:
    """Bytes, of each group with a limit that holds for this process; none on other systems."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    return [bytes_left for line in lines for bytes_left in _along(line, root / "sys/fs/cgroup")]


def _along(line: str, mount: Path) -> Iterator[int]:
    """A line is 'number:controllers:path', the controllers empty in version 2. All groups above it hold, too.

    In a container the path may be one that only the host has; what is at the mount's root is then the container's.
    """
    _, controllers, path = line.split(":", 2)
    if controllers and "memory" not in controllers.split(","):
        return
    top, names = (mount / "memory", V1) if controllers else (mount, V2)
    folder = top / path.lstrip("/")
    for group in (folder, *folder.parents[: len(folder.parts) - len(top.parts)]):
        try:
            yield _left(group, *names)
        except (OSError, ValueError):
            continue  # no such group here, or no limit ("max")


def _left(group: Path, limit: str, usage: str, start: str) -> int:
    """What is not used, and what the cache of files would give back."""
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    files = sum(int(stat[f"{start}{kind}_file"]) for kind in ("inactive", "active"))
    return int((group / limit).read_text()) - int((group / usage).read_text()) + files
