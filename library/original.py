"""What the original playground of 2022 wrote: an `index.json` for each request, and the same behind a picture's end."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PureWindowsPath
from typing import IO, Any
from uuid import UUID

from library.dialects.values import number, read, tidy, words

TOOL = "the original playground"
ORIGINAL = "00-original.png"
"""The source picture, as it was fitted into the size."""
LONGEST = 1024 * 1024  # bytes of an index
_TAIL = 128 * 1024  # bytes of a file's end that are looked at
_START, _END = b"##STARTMETADATA##", b"##ENDMETADATA##"
_MOST_FILES = 1000

_NAMES = {
    "text_prompt": "prompt",
    "num_images": "num_images",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "downsampling_factor": "downsampling_factor",
    "max_ddim_steps": "steps",  # its last version made one picture for each number of steps up to this
    "ddim_steps": "steps",
    "ddim_eta": "eta",
    "scale": "guidance_scale",
}
"""Theirs -> ours; of two the later one counts."""
_MARKS = {
    *("text_prompt", "queue_id", "time_taken", "ddim_steps", "max_ddim_steps", "ddim_eta", "downsampling_factor"),
    *("original_image_path", "creation_unixtime", "generated_images"),
}
"""Names that no other index.json has."""


@dataclass(frozen=True)
class Group:
    """The pictures of one request."""

    uuid: UUID | None
    words: str
    recipe: dict[str, Any]
    """The settings that are sound, by our names."""
    created: datetime | None
    """With its zone. Its own index.json lacks it: the time of that file is meant."""
    seconds: float
    """It took to make them all; 0.0 where that is not known."""
    error: str
    files: list[str]
    """Bare names, the source first. Its own index.json lacks them: those that lie beside it are meant."""


def group_of(index: bytes) -> Group | None:
    """What an `index.json` says; None where it is not one. Whatever in it makes no sense is left out."""
    if len(index) > LONGEST:
        return None
    data = read(index.decode("utf-8-sig", "replace"))
    if isinstance(data, list):
        data = data[0] if data else None
    if not isinstance(data, dict) or not _MARKS & data.keys():
        return None
    seconds = number(data.get("time_taken")) or 0.0
    return Group(
        uuid=_uuid(words(data.get("queue_id"))),
        words=words(data.get("text_prompt")),
        recipe=_recipe(data) | _source(data),
        created=_time(number(data.get("creation_unixtime"))),
        seconds=float(seconds) if seconds > 0 else 0.0,
        error=words(data.get("error")),
        files=_files(data),
    )


def behind_the_end(file: IO[bytes]) -> dict[str, Any]:
    """The settings that stand behind the picture's end, with `tool`; nothing where there are none.

    They can be those of another request: the original mixed them up when it wrote its catalogue anew. Where a
    folder has an index.json, that one is right.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    _, start, rest = file.read(_TAIL).rpartition(_START)
    text, end, _ = rest.partition(_END)
    data = read(text.decode("utf-8", "replace")) if start and end else None
    settings = _recipe(data) if isinstance(data, dict) else {}
    return {**settings, "tool": TOOL} if settings else {}


def _recipe(data: Mapping[str, Any]) -> dict[str, Any]:
    """The size is the one before the factor, as it is in our recipes. Over a source picture there was no factor."""
    given = {ours: data[theirs] for theirs, ours in _NAMES.items() if data.get(theirs) not in (None, "")}
    settings = tidy(given)
    if not settings:
        return {}
    strength = number(data.get("strength")) or 0
    if not (0 < strength <= 1 and _has_source(data)):
        return {**settings, "sampler": "PLMS"}
    factor = dict.fromkeys({"downsampling_factor"} & settings.keys(), 8)
    return {**settings, **factor, "sampler": "DDIM", "strength": strength}


def _has_source(data: Mapping[str, Any]) -> bool:
    """Its last version wrote a strength for every request, so the picture itself must be named, too."""
    return "original_image_path" not in data or bool(data["original_image_path"]) or ORIGINAL in _files(data)


def _source(data: Mapping[str, Any]) -> dict[str, str]:
    path = words(data.get("original_image_path"))
    return {"source_url": path} if path.startswith(("http://", "https://")) else {}


def _files(data: Mapping[str, Any]) -> list[str]:
    paths = data.get("generated_images")
    paths = paths[:_MOST_FILES] if isinstance(paths, list) else []
    names = {PureWindowsPath(words(path)).name for path in paths}
    sound = (name for name in names if name.isprintable() and 0 < len(name) < 256 and not name.startswith("."))
    return sorted(sound, key=lambda name: (name != ORIGINAL, name))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _time(seconds: float | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None
