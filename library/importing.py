"""Takes over folders of pictures that other tools made: copies them into the library's folder and gives them rows."""

import filecmp
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from library.adopting import ELSEWHERE, INDEX, SUFFIXES, adopt, group_in
from library.models import Image, Shelf

IMPORTED = "imported"
"""The folder below the library's that they go into, each under its own name."""


class CannotImport(Exception):
    """The message is a sentence for people."""


@dataclass
class Folder:
    """One folder of the source, with what of it is worth taking."""

    path: Path
    pictures: list[str]
    has_index: bool

    @property
    def bytes(self) -> int:
        return sum((self.path / name).stat().st_size for name in self.pictures)


@dataclass
class Outcome:
    tools: Counter[str] = field(default_factory=Counter)
    """Pictures that were taken over, by what made them."""
    known: int = 0
    """Pictures that are here already."""
    unreadable: list[Path] = field(default_factory=list)


def look_through(source: Path) -> list[Folder]:
    """The folders below `source` that have pictures; no link is followed.

    Raises:
        CannotImport
    """
    library = Path(settings.PLAYGROUND_LIBRARY).resolve()
    if not source.is_dir():
        raise CannotImport(f"There is no folder {source}.")
    if source.resolve().is_relative_to(library) or library.is_relative_to(source.resolve()):
        raise CannotImport("What lies in the library's folder is found by itself, or at once by: manage.py reindex")
    return list(_folders(source))


def _folders(source: Path) -> Iterator[Folder]:
    for top, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        plain = [name for name in files if not name.startswith(".") and not Path(top, name).is_symlink()]
        pictures = sorted(name for name in plain if name.lower().endswith(SUFFIXES))
        if pictures:
            yield Folder(Path(top), pictures, INDEX in plain)


def take_over(source: Path, folders: list[Folder], tell: Callable[[], None] = lambda: None) -> Outcome:
    """Copy the pictures and give them their rows. What is here already is left alone, so it can be done again.

    Args:
        folders: from `look_through`.
        tell: called after each picture.

    Raises:
        CannotImport: they do not fit on the disk.
        Unreachable: the library's folder is not there.
    """
    Shelf.objects.demand()
    needed, free = sum(folder.bytes for folder in folders), shutil.disk_usage(settings.PLAYGROUND_LIBRARY).free
    if needed > free:
        raise CannotImport(f"The pictures need {needed >> 20} MiB, and the library's disk has {free >> 20} MiB left.")
    outcome = Outcome()
    for folder in folders:
        for _ in _take_folder(source, folder, outcome):
            tell()
    return outcome


def _take_folder(source: Path, folder: Folder, outcome: Outcome) -> Iterator[None]:
    if folder.has_index and _is_known_group(folder):
        outcome.known += len(folder.pictures)
        yield from (None for _ in folder.pictures)
        return
    target = _target(source, folder)
    target.mkdir(parents=True, exist_ok=True)
    if folder.has_index:
        _copy(folder.path / INDEX, target / INDEX)
    new = [name for name in folder.pictures if _copy(folder.path / name, target / name)]
    outcome.known += len(folder.pictures) - len(new)
    yield from (None for _ in range(len(folder.pictures) - len(new)))
    below = target.relative_to(settings.PLAYGROUND_LIBRARY).as_posix()
    for name, image in adopt(below, new):
        if image is None:
            outcome.unreadable.append(folder.path / name)
            (target / name).unlink()
        else:
            outcome.tools[image.batch.origin or ELSEWHERE] += 1
        yield


def _is_known_group(folder: Folder) -> bool:
    """Whether the library has the request that the original playground's index tells of, picture by picture."""
    group = group_in(folder.path)
    if group is None or group.uuid is None:
        return False
    return Image.objects.filter(batch__uuid=group.uuid).count() >= len(set(group.files) & set(folder.pictures)) > 0


def _target(source: Path, folder: Folder) -> Path:
    """Where the folder goes: to its own name, unless other pictures of the same names lie there."""
    wanted = Path(settings.PLAYGROUND_LIBRARY, IMPORTED, source.resolve().name, folder.path.relative_to(source))
    names, target, number = [*folder.pictures, *[INDEX] * folder.has_index], wanted, 1
    while any(_is_another(folder.path / name, target / name) for name in names):
        number += 1
        target = wanted.with_name(f"{wanted.name}-{number}")
    return target


def _is_another(source: Path, target: Path) -> bool:
    return target.exists() and not filecmp.cmp(source, target, shallow=False)


def _copy(source: Path, target: Path) -> bool:
    """False: it is there already."""
    if target.exists():
        return False
    part = target.with_name(f".{target.name}.part")
    shutil.copy2(source, part)
    part.replace(target)
    return True
