"""Files that somebody put into the library's folder get their rows."""

import math
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from library import png
from library.decoding import decode_file
from library.dialects.values import up_to
from library.facts import facts
from library.infotext import plain
from library.models import Batch, Image
from library.models.images import LAST
from library.original import LONGEST, TOOL, Group, group_of
from library.search import clean
from library.settings_of import Found, NoSettings, found_in

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
INDEX = "index.json"
"""What the original playground wrote beside the pictures of a request."""
ELSEWHERE = "elsewhere"
NAMESPACE = uuid.UUID("3f0e9b0c-5b0e-4a55-9a5e-7c2f0d8a9d11")

Adopted = Iterator[tuple[str, Image | None]]


def adopt(folder: str, names: Iterable[str]) -> Adopted:
    """Give the files of a folder their rows, one after the other.

    Those of our own pictures stand in the files, so a library can be rebuilt from its folder. Of others the settings
    are taken that the tools they come from have left in them, and they are marked as not made here.

    Args:
        folder: below the library's.

    Yields:
        (name, its image); None where there is no sound picture in the file.
    """
    group = group_in(Path(settings.PLAYGROUND_LIBRARY, folder))
    for name in sorted(names, key=lambda name: (name == Image.ORIGINAL, name)):  # a source joins its batch
        with suppress(OSError, ValueError):
            yield name, _adopt(folder, name, group)
            continue
        yield name, None


def _adopt(folder: str, name: str, group: Group | None) -> Image:
    """Raises OSError: it is no sound picture; ValueError: no database could hold its name."""
    path = Path(settings.PLAYGROUND_LIBRARY, folder, name)
    str(path).encode()
    if len(folder) > 1000 or len(name) > 255:
        raise ValueError
    picture = decode_file(path)
    image = Image(
        folder=folder, file=name, width=picture.width, height=picture.height, pixels=png.pixels_of(picture)
    )  # fmt: skip
    return _known(image) or _ours(image, path) or _of_group(image, group) or _alone(image, path)


def _known(image: Image) -> Image | None:
    """The image that was missing so far, and whose picture this is, wherever it lies now."""
    here = Path(settings.PLAYGROUND_LIBRARY, image.folder, image.file)
    for lost in Image.objects.filter(missing__isnull=False, pixels=image.pixels).select_related("batch"):
        if lost.path == here or not lost.path.exists():
            found = Image.objects.filter(pk=lost.pk, missing__isnull=False)
            if found.update(**_place(lost.batch, lost.position, image)):
                found.mark_found()
                return lost
    # Another picture has taken the place of the one that was here.
    Image.objects.filter(folder=image.folder, file=image.file, missing__isnull=False).update(folder="", file="")
    return None


def _place(batch: Batch, position: int, image: Image) -> dict[str, str]:
    """Where its row says that the file is: nothing, where it lies as if it had been made here."""
    at_home = Image(batch=batch, position=position).path
    at_home_already = at_home == Path(settings.PLAYGROUND_LIBRARY, image.folder, image.file)
    return {"folder": "", "file": ""} if at_home_already else {"folder": image.folder, "file": image.file}


def _ours(image: Image, path: Path) -> Image | None:
    """One that was made by a playground like this one: in its batch, if its place there is free."""
    own = png.read_recipe(path) or {}
    key, recipe = _uuid(own.get("batch")), own.get("recipe")
    position = up_to(LAST, 0 if own.get("original") else own.get("position"))
    if key is None or position is None:
        return None
    batch = Batch.objects.filter(uuid=key).first()
    if batch is None and position and isinstance(recipe, dict):
        batch = _batch(key, _sound(recipe), created=_changed(path))
    if batch is None or not _is_free(batch, position):
        return None
    image.seed = up_to(2**32, own.get("seed"))
    image.adopt_origin(own)
    return _add(image, batch, position)


def _of_group(image: Image, group: Group | None) -> Image | None:
    """One of a request of the original playground."""
    if group is None or image.file not in group.files:
        return None
    made = [name for name in group.files if name != Image.ORIGINAL]
    position = 0 if image.file == Image.ORIGINAL else made.index(image.file) + 1
    key = group.uuid or uuid.uuid5(NAMESPACE, image.folder)
    folder = Path(settings.PLAYGROUND_LIBRARY, image.folder)
    more = {"seconds": group.seconds, "error": group.error, "origin": TOOL}
    batch = _batch(key, group.recipe, words=group.words, created=group.created or _changed(folder / INDEX), **more)
    if not _is_free(batch, position):
        return None
    if position:
        image.seed = up_to(2**32, group.recipe.get("seed"))
    return _add(image, batch, position)


def _alone(image: Image, path: Path) -> Image:
    """Any other: a batch of its own. One that does not say how it was made is filed under the day it came."""
    found = _found_in(path)
    key = uuid.uuid5(NAMESPACE, f"{image.folder}/{image.file}:{image.pixels}")
    batch = _batch(
        key,
        found.settings,
        words=str(found.settings.get("prompt") or Path(image.file).stem),
        created=_changed(path) if found.settings else timezone.now(),
        origin=clean(found.tool or ELSEWHERE)[:80],
        size=f"{image.width}x{image.height}",
    )
    image.seed = up_to(2**32, found.settings.get("seed"))
    return _add(image, batch, 1)


def _batch(key: uuid.UUID, recipe: Mapping[str, Any], *, words: str = "", **fields: Any) -> Batch:
    words = clean(words or str(recipe.get("prompt") or "")).strip()
    return Batch.objects.get_or_create(
        uuid=key, defaults={**facts(recipe), **fields, "words": words, "recipe": dict(recipe)}
    )[0]


def _is_free(batch: Batch, position: int) -> bool:
    return position <= LAST and not Image.objects.filter(batch=batch, position=position).exists()


def _add(image: Image, batch: Batch, position: int) -> Image:
    for field, value in _place(batch, position, image).items():
        setattr(image, field, value)
    image.batch, image.position = batch, position
    return Image.objects.add(image)


def group_in(folder: Path) -> Group | None:
    """The request of the original playground whose pictures lie in the folder; None where there is none."""
    path = folder / INDEX
    try:
        if path.is_symlink() or path.stat().st_size > LONGEST:
            return None
        group = group_of(path.read_bytes())
        if group is None or group.files:
            return group
        beside = [found.name for found in folder.iterdir() if found.name.lower().endswith(SUFFIXES)]
    except OSError:
        return None
    return replace(group, files=sorted(beside, key=lambda name: (name != Image.ORIGINAL, name)))


def _found_in(path: Path) -> Found:
    try:
        with path.open("rb") as file:
            return found_in(file, path.name)
    except NoSettings:
        return Found({}, "")


def _changed(path: Path) -> datetime:
    """When the file was written last; now, where its clock is ahead of ours."""
    return min(datetime.fromtimestamp(max(0.0, path.stat().st_mtime), UTC), timezone.now())


def _sound(recipe: Mapping[Any, Any]) -> dict[str, Any]:
    """What of a recipe any database can hold."""
    values = {key: plain(value) if isinstance(value, str) else value for key, value in recipe.items()}
    return {key: value for key, value in values.items() if re.fullmatch("[a-z_]{1,40}", str(key)) and _is_sound(value)}


def _is_sound(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int))


def _uuid(text: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
