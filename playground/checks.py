"""What `manage.py check` looks at beyond Django's own checks; `manage.py run` refuses to start on an error."""

import os
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from generation.engine import safety

WITHOUT_WAL = {"9p", "drvfs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "vboxsf", "afpfs", "webdav"}
"""File systems whose memory maps or locks SQLite's write-ahead log cannot use; any FUSE system is another."""


@register(Tags.database)
def check_database_folder(*, mounts: str | None = None, **_: Any) -> list[CheckMessage]:
    database = settings.DATABASES["default"]
    if "sqlite3" not in database["ENGINE"]:
        return []
    folder = Path(database["NAME"]).parent
    kind = file_system_of(folder, mounts)
    if kind in WITHOUT_WAL or kind.startswith("fuse"):
        sentence = (
            f"The database's folder {folder} lies on {kind}, which SQLite cannot use safely. Set PLAYGROUND_DATA to "
            "a folder on a disk of this machine (on WSL: one inside Linux, such as ~/playground), or DATABASE_URL "
            "to a PostgreSQL server; PLAYGROUND_LIBRARY and PLAYGROUND_MODELS may stay where they are."
        )
        return [Error(sentence, id="playground.E001")]
    return []


@register()
def check_folders(**_: Any) -> list[CheckMessage]:
    folders = {
        "PLAYGROUND_DATA": settings.PLAYGROUND_DATA,
        "PLAYGROUND_LIBRARY": settings.PLAYGROUND_LIBRARY,
        "PLAYGROUND_CACHE": settings.PLAYGROUND_CACHE,
    }
    return [
        Error(f"{name}: the folder {path} cannot be written to.", id="playground.E002")
        for name, path in folders.items()
        if not os.access(path, os.W_OK | os.X_OK)
    ]


@register()
def check_queue(**_: Any) -> list[CheckMessage]:
    if settings.Q_CLUSTER["retry"] <= 3 * settings.Q_CLUSTER["timeout"]:
        return [Error("Q_CLUSTER: retry must be more than three times timeout.", id="playground.E003")]
    return []


@register()
def check_safety_catch(**_: Any) -> list[CheckMessage]:
    lacking = safety.missing(settings.PLAYGROUND_MODELS) if settings.PLAYGROUND_SAFETY_CHECKER else []
    return [Warning(safety.MISSING, hint=f"Missing: {', '.join(lacking)}", id="playground.W001")] if lacking else []


@register()
def check_strangers(**_: Any) -> list[CheckMessage]:
    sentence = open_to_strangers()
    return [Warning(sentence, id="playground.W002")] if sentence else []


def open_to_strangers() -> str:
    """What people who are not known can do here; empty where they have no way in."""
    if not settings.PLAYGROUND_PUBLIC_URL or settings.PLAYGROUND_LOGIN_REQUIRED:
        return ""
    everybodys = (
        ", see everybody's and delete them" if settings.PLAYGROUND_DELETE == "everyone" else " and see everybody's"
    )
    return (
        f"Strangers can come in: whoever finds {settings.PLAYGROUND_PUBLIC_URL} can make pictures here{everybodys}, "
        "without signing in. Unless that is meant, set PLAYGROUND_LOGIN_REQUIRED=True."
    )


def file_system_of(path: Path, mounts: str | None = None) -> str:
    """The kind of file system that `path` lies on ("ext4", "9p" ...); "" where the machine does not tell.

    Args:
        mounts: the mount table in the form of /proc/mounts; by default this machine's.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text()
        except OSError:  # macOS
            return ""
    best, kind = -1, ""
    for point, found in re.findall(r"^\S+ (\S+) (\S+)", mounts, re.MULTILINE):
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point)  # a space is \040
        if path.resolve().is_relative_to(point) and len(point) >= best:  # the last mount of a point counts
            best, kind = len(point), found
    return kind
