"""The folders: can they be written to, on what do they lie, is there room?"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from library.models.shelf import LEAST_FREE
from playground.checks import file_system_of
from playground.doctor.findings import Finding, ok, warn, wrong

NAMES = ("PLAYGROUND_DATA", "PLAYGROUND_LIBRARY", "PLAYGROUND_MODELS", "PLAYGROUND_CACHE")
LITTLE = 2 * 1024**3  # bytes: a model from the hub would not fit


def look() -> Iterator[Finding]:
    for name in NAMES:
        yield _examine(name, getattr(settings, name))
    if fault := _lock_fault(settings.PLAYGROUND_RUN):
        yield wrong(
            f"In {settings.PLAYGROUND_RUN} files cannot be locked ({fault}), so two workers could take one device. "
            "Set PLAYGROUND_DATA to a folder on a disk of this machine."
        )


def _examine(name: str, folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
        if free >= LEAST_FREE:
            _write_in(folder)
    except OSError as error:
        return wrong(
            f"{name}: the folder {folder} cannot be written to ({error.strerror}). Give it to the user who starts the "
            f"site (sudo chown -R $USER {folder}), or name another folder in {name}."
        )
    where = f"{folder} ({file_system_of(folder) or 'a disk'}, {free / 1024**3:.1f} GiB free)"
    mend = "`manage.py prune --all` empties the trash, and all that lies in the cache can be deleted."
    if free < LEAST_FREE:
        return wrong(f"{name}: the disk is full under {where}. {mend} Or name a folder on another disk in {name}.")
    if free < LITTLE:
        return warn(f"{name}: the disk is nearly full under {where}. {mend}")
    return ok(f"{name}: {where} can be written to.")


def _write_in(folder: Path) -> None:
    """Tried, not asked: rights say nothing of a disk that is mounted read-only or of a share."""
    with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=folder) as probe:
        probe.write(b"well")


def _lock_fault(folder: Path) -> str:
    try:
        with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=folder) as probe:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
