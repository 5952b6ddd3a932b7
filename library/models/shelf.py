"""Whether the library's folder is there, and still the one whose pictures the rows tell of.

A disk that is not plugged in leaves an empty folder behind, or none. Whoever took that for the library would hide every
picture and put new ones where the disk hides them later. So the folder carries a mark, and the database remembers it.
"""

import os
import shutil
import uuid
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models

MARK = ".playground"
"""The file in the library's folder."""

LEAST_FREE = 100 * 1024 * 1024  # bytes: less, and the next pictures may not fit

_known: dict[Path, str] = {}
"""Folder -> its mark as the database has it: looked up once, and anew only where the two differ."""


class Unreachable(OSError):
    """The library's folder is not there; the message is a sentence for people."""


class ShelfQuerySet(models.QuerySet["Shelf"]):
    def fault(self) -> str:
        """Why the library's folder cannot be used, as a sentence; empty where it can. Mostly without a query."""
        folder = _folder()
        found = _mark_in(folder)
        if found and found == _known.get(folder):
            return ""
        remembered = self.values_list("mark", flat=True).first()
        if remembered:
            _known[folder] = remembered
        if found == remembered or not _has_images():
            return ""
        if not folder.is_dir():
            return f"The library's folder {folder} cannot be reached. Nothing is made or hidden until it is back."
        if not remembered:
            return ""
        return (
            f"{folder} is not the folder that the library's pictures are in; perhaps a disk is not connected. Nothing "
            "is made or hidden until it is back. If the pictures are there all the same: manage.py reindex --adopt"
        )

    def hindrance(self) -> str:
        """Why no picture can be put into the folder now, as a sentence; empty where one can.

        What can only be read, or is full, can be shown and searched all the same.
        """
        folder = _folder()
        if (fault := self.fault()) or not folder.is_dir():
            return fault
        if not os.access(folder, os.W_OK):
            return f"The library folder {folder} cannot be written to. Jobs wait until it can, and then go on."
        if shutil.disk_usage(folder).free < LEAST_FREE:
            return f"The disk of {folder} is full. Jobs wait until there is room, and then go on."
        return ""

    def demand_room(self) -> None:
        """See to it that a picture can be put into the folder. Raises Unreachable."""
        if hindrance := self.hindrance():
            raise Unreachable(hindrance)

    def demand(self) -> None:
        """See to it that the folder is there and marked, before something is put into it or taken out.

        Raises:
            Unreachable
        """
        if fault := self.fault():
            raise Unreachable(fault)
        if _mark_in(_folder()) != _known.get(_folder()):
            self._mark_folder()

    def adopt(self) -> None:
        """From now on the library's pictures are in this folder, whatever was remembered. Raises OSError."""
        self.all().delete()
        _known.pop(_folder(), None)
        self._mark_folder()

    def _mark_folder(self) -> None:
        folder = _folder()
        row, _ = self.get_or_create(pk=1, defaults={"mark": _mark_in(folder) or uuid.uuid4().hex})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text(row.mark)
        _known[folder] = row.mark


class Shelf(models.Model):
    """The mark of the folder that the library's pictures are in: one row."""

    mark = models.CharField(max_length=32)

    objects = ShelfQuerySet.as_manager()

    def __str__(self) -> str:
        return self.mark


def _folder() -> Path:
    return Path(settings.PLAYGROUND_LIBRARY)


def _mark_in(folder: Path) -> str:
    try:
        return (folder / MARK).read_text()[:32]
    except (OSError, UnicodeDecodeError):
        return ""


def _has_images() -> bool:
    return apps.get_model("library.Image")._default_manager.exists()
