"""Every file of the library against its row: what disagrees is mended, and told. No picture is ever deleted by it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Model, QuerySet

from library import png
from library.decoding import decode_file
from library.facts import facts
from library.models import Batch, Image, Shelf
from library.scanning import Scan

AT_ONCE = 500  # rows in one query
OLD = 3600.0  # s: what is half written and younger may be on its way

Tell = Callable[[], None]
Row = TypeVar("Row", bound=Model)


def check(tell: Tell = lambda: None) -> Iterator[str]:
    """Go through all of the library.

    Args:
        tell: called after each picture that was looked at.

    Yields:
        A sentence for each thing that was mended, or that somebody has to see to.

    Raises:
        Unreachable: the library's folder is not there, and nothing was changed.
    """
    Shelf.objects.demand()
    yield from _half_written(Path(settings.PLAYGROUND_LIBRARY))
    yield from _half_written(Path(settings.PLAYGROUND_CACHE) / "thumbnails")
    changes = Scan(settled=0).look()
    if changes.new:
        yield f"{changes.new:,} without a row: taken in."
    if changes.gone:
        yield f"{changes.gone:,} without a file: not shown until it is back."
    yield from (f"{path}: no picture that can be read. It is left as it is." for path in changes.unreadable)
    for image in _one_by_one(Image.objects.filter(missing=None).select_related("batch")):
        if sentence := _compare(image):
            yield sentence
        tell()
    yield from _thumbnails()
    yield from _columns()
    yield from _words()


def _one_by_one(rows: QuerySet[Row]) -> Iterator[Row]:
    """In parts: a single query that is read for minutes would keep SQLite's log from being folded in."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        yield from rows.filter(pk__in=keys[start : start + AT_ONCE]).order_by("pk")


def _half_written(folder: Path) -> Iterator[str]:
    """What a crash or a full disk left behind."""
    for path in sorted(folder.rglob(".*.part")):
        if path.is_file() and time.time() - path.stat().st_mtime > OLD:
            path.unlink(missing_ok=True)
            yield f"{path.name}: half written, removed."


def _compare(image: Image) -> str:
    """The file's pixels against the row; "" where they are the same."""
    there = Image.objects.filter(pk=image.pk)
    try:
        picture = decode_file(image.safe_path)
    except OSError as error:
        if not there.filter(missing=None).mark_missing():  # deleted for good meanwhile
            return ""
        return f"{_place(image)}: damaged ({error}). It is not shown until a whole file is there, as from a backup."
    found = {"width": picture.width, "height": picture.height, "pixels": png.pixels_of(picture)}
    if all(getattr(image, name) == value for name, value in found.items()):
        return ""
    there.update(**found)
    image.thumbnail_path.unlink(missing_ok=True)
    return f"{_place(image)}: another picture than its row tells of. Size, pixels and thumbnail are the file's now."


def _place(image: Image) -> str:
    return str(image.path.relative_to(settings.PLAYGROUND_LIBRARY))


def _thumbnails() -> Iterator[str]:
    """Those of images that are gone, and those older than their files. They are made anew when somebody looks."""
    paths = {path.stem: path for path in (Path(settings.PLAYGROUND_CACHE) / "thumbnails").glob("??/*.webp")}
    strangers = set(paths)
    stale = []
    for image in _one_by_one(Image.objects.select_related("batch")):
        key = str(image.uuid)
        strangers.discard(key)
        if key in paths and _is_older(paths[key], image.path):
            stale.append(key)
    for key in (*strangers, *stale):
        paths[key].unlink(missing_ok=True)
    if strangers or stale:
        yield f"{len(strangers) + len(stale):,} thumbnails of nothing, or older than their pictures: removed."


def _is_older(path: Path, source: Path) -> bool:
    try:
        return path.stat().st_mtime < source.stat().st_mtime
    except OSError:
        return False


def _columns() -> Iterator[str]:
    """What searches look at, against the recipe it was taken from."""
    wrong = 0
    for batch in _one_by_one(Batch.objects.filter(origin="")):
        said = facts(batch.recipe)
        if any(getattr(batch, name) != value for name, value in said.items()):
            wrong += Batch.objects.filter(pk=batch.pk).update(**said)
    if wrong:
        yield f"{wrong:,} with other settings than their recipe's in the search: mended."


def _words() -> Iterator[str]:
    """The full-text index of SQLite, which knows how to look itself over; PostgreSQL's cannot differ."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        try:
            cursor.execute("INSERT INTO library_words(library_words, rank) VALUES ('integrity-check', 1)")
        except DatabaseError:
            cursor.execute("INSERT INTO library_words(library_words) VALUES ('rebuild')")
            yield "The index of words did not agree with the batches: made anew."
