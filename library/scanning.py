"""Looks through the library's folder for what people put there or took away."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet

from library.adopting import SUFFIXES, adopt
from library.models import Batch, Image, Shelf, Unreachable

logger = logging.getLogger(__name__)

EVERY = 15.0  # s between two looks
SETTLED = 2.0  # s: what changed later may be a file that is still being copied
UNFINISHED = -1
"""The stamp of a folder that has to be looked into again."""
AT_ONCE = 500  # keys in one query

Rows = dict[str, tuple[int, bool]]
"""Name of a file -> key of its image, and whether the file was missing so far."""


@dataclass
class Changes:
    new: int = 0
    gone: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Files that look like pictures and are none, by their paths below the library."""


@dataclass(frozen=True)
class _Folder:
    """How a folder was when somebody looked."""

    stamp: int
    folders: tuple[str, ...]
    files: frozenset[str]


class Scan:
    """Remembers how the folders were, and looks again only into those that have changed."""

    def __init__(self, *, settled: float = SETTLED, tell: Callable[[str], None] = lambda path: None) -> None:
        """
        Args:
            settled: s that a new file has to have been left alone for.
            tell: called with the path of every file that was read.
        """
        self._settled, self._tell = settled, tell
        self._known: dict[str, _Folder] | None = None
        self._refused: dict[str, tuple[int, int]] = {}

    def look(self) -> Changes:
        """Hold folders and rows against each other.

        Raises:
            Unreachable: the library's folder is not there, and nothing was changed.
        """
        Shelf.objects.demand()
        known, changes = self._known or {}, Changes()
        now = dict(self._walk(known))
        changed = {name for name in now.keys() | known.keys() if now.get(name) is not known.get(name)}
        rows = _rows(None if self._known is None else changed)
        for name in rows.keys() - now.keys():
            self._mark_missing(name, rows[name], frozenset(), changes)
        for name in changed & now.keys():
            self._mark_missing(name, rows.get(name, {}), now[name].files, changes)
        # After all that went, so that a file that was moved is known again by its picture
        done = {name for name in changed & now.keys() if self._adopt(name, rows.get(name, {}), now[name], changes)}
        self._known = {
            name: folder if name in done or name not in changed else replace(folder, stamp=UNFINISHED)
            for name, folder in now.items()
        }
        return changes

    def _walk(self, known: dict[str, _Folder]) -> Iterator[tuple[str, _Folder]]:
        """Every folder that is there, by its path below the library."""
        waiting = [""]
        while waiting:
            name = waiting.pop()
            try:
                folder = _look_into(name, known.get(name))
            except OSError:
                continue
            yield name, folder
            waiting += folder.folders

    def _mark_missing(self, folder: str, rows: Rows, files: frozenset[str], changes: Changes) -> None:
        """What was not listed may have come since: each is looked for once more, while the library is surely there."""
        lost = [key for name, (key, is_missing) in rows.items() if not is_missing and name not in files]
        if not lost:
            return
        images = Image.objects.filter(pk__in=lost).select_related("batch")
        gone = [image.pk for image in images if _is_gone(image.path)]
        Shelf.objects.demand()
        changes.gone += Image.objects.filter(pk__in=gone).mark_missing()

    def _adopt(self, name: str, rows: Rows, folder: _Folder, changes: Changes) -> bool:
        """Take in the files without an image that is shown. False: the folder has to be looked into again."""
        new = {file for file in folder.files if rows.get(file, (0, True))[1]}
        ready = {file for file in new if self._is_ready(name, file)}
        for file, image in adopt(name, ready):
            path = str(PurePosixPath(name, file))
            self._tell(path)
            if image:
                changes.new += 1
                self._refused.pop(path, None)
            else:
                new.add(path)
                changes.unreadable.append(path)
                self._refused[path] = _state(path)
        return new == ready and time.time_ns() - folder.stamp > SETTLED * 1e9

    def _is_ready(self, folder: str, file: str) -> bool:
        """Whether nobody writes it any more, as far as one can see, and it is not one that was no picture before."""
        path = str(PurePosixPath(folder, file))
        state = _state(path)
        return self._refused.get(path) != state and abs(time.time_ns() - state[1]) >= self._settled * 1e9


def _look_into(name: str, known: _Folder | None) -> _Folder:
    """The folder as it is; the very same as before where nothing has changed in it. Raises OSError."""
    path = Path(settings.PLAYGROUND_LIBRARY, name)
    stamp = path.stat().st_mtime_ns
    if known and known.stamp == stamp:
        return known
    with os.scandir(path) as found:
        entries = [entry for entry in found if not entry.name.startswith(".")]
    folders = (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    files = (entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    return _Folder(
        stamp,
        tuple(str(PurePosixPath(name, folder)) for folder in folders),
        frozenset(file for file in files if file.lower().endswith(SUFFIXES)),
    )


def _is_gone(path: Path) -> bool:
    """False also where nobody can tell, as in a folder that may not be read."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _state(path: str) -> tuple[int, int]:
    """Size and last change of a file; also of the copy of an old one the change is new."""
    try:
        found = Path(settings.PLAYGROUND_LIBRARY, path).stat()
    except OSError:
        return 0, time.time_ns()
    return found.st_size, max(found.st_mtime_ns, found.st_ctime_ns)


def _rows(folders: Iterable[str] | None) -> dict[str, Rows]:
    """The images that should be in these folders, or in all: by folder and name of the file."""
    if folders is None:
        return _grouped(Image.objects.order_by())
    found: dict[str, Rows] = {}
    names = sorted(folders)
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        batches = Batch.objects.filter(uuid__in=[name for name in part if _is_uuid(name)]).values("pk")
        found |= _grouped(Image.objects.order_by().filter(~Q(file="") & Q(folder__in=part)))
        for name, rows in _grouped(Image.objects.order_by().filter(file="", batch__in=batches)).items():
            found.setdefault(name, {}).update(rows)
    return found


def _grouped(images: QuerySet[Image]) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    values = images.values_list("pk", "batch__uuid", "position", "folder", "file", "missing")
    for pk, batch, position, folder, file, missing in values.iterator():
        home = (folder, file) if file else (str(batch), Image(position=position).name)
        found.setdefault(home[0], {})[home[1]] = (pk, missing is not None)
    return found


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def watch(ended: threading.Event) -> None:
    """Look every few seconds until `ended`. For a thread, which has a database connection of its own."""
    scan, told = Scan(), ""
    while not ended.wait(EVERY):
        try:
            changes, told = scan.look(), ""
            if changes != Changes():
                logger.info("The library's folder: %d new, %d gone.", changes.new, changes.gone)
            for path in changes.unreadable:
                logger.warning("%s in the library's folder is no picture that can be read.", path)
        except Unreachable as fault:
            if str(fault) != told:
                told = str(fault)
                logger.warning("%s", fault)
        except DatabaseError:
            connection.close()
        except Exception:
            logger.exception("The library's folder could not be looked through; trying again.")
    connection.close()
