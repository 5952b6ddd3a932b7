"""The pictures' part of a backup: every file below the library's folder, as it lies there."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from library.models.shelf import MARK
from playground.backup.archive import Backup, Tell, Writer

FOLDER = "library"


def found() -> Iterator[Path]:
    """Their paths. Links lead elsewhere, and what is half written is no file yet: neither is among them."""
    for folder, _, names in os.walk(settings.PLAYGROUND_LIBRARY):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink() and path.is_file() and path.suffix != ".part":
                yield path


def save(writer: Writer, paths: list[Path], tell: Tell) -> None:
    """What is deleted for good meanwhile is left out."""
    for path in paths:
        with suppress(FileNotFoundError), path.open("rb") as source:
            writer.add(f"{FOLDER}/{_relative(path)}", source)
        tell()


def strangers(backup: Backup) -> list[Path]:
    """What lies in the library's folder and is not the backup's: it would get mixed up with it."""
    ours = {str(path) for path in backup.below(FOLDER)}
    return [path for path in found() if path.name != MARK and _relative(path) not in ours]


def load(backup: Backup, tell: Tell) -> None:
    """Raises OSError."""
    for path in backup.below(FOLDER):
        backup.extract(f"{FOLDER}/{path}", Path(settings.PLAYGROUND_LIBRARY, path))
        tell()


def _relative(path: Path) -> str:
    return path.relative_to(settings.PLAYGROUND_LIBRARY).as_posix()
