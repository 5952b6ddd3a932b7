"""Pictures as files: PNG with the recipe inside, WebP thumbnails. No database."""

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from library.decoding import decode_file
from library.infotext import infotext

CHUNK = "playground"
"""Keyword of the iTXt chunk that holds the whole recipe as JSON; `parameters` beside it is for other tools."""

COMPRESSION = 1  # zlib level: level 6 takes 2.6 times as long for files 13 % smaller
PREVIEW_SIDE = 96  # px
THUMBNAIL_SIDE = 384  # px: a 200 px tile at twice the density


@dataclass(frozen=True)
class Encoded:
    """A picture as the bytes of its PNG file."""

    data: bytes
    pixels: str
    """SHA-256 (hex) of the decoded RGB."""
    width: int
    height: int
    seed: int | None
    group: Mapping[str, int]
    """`first` and `size` of the pictures it was denoised with; empty where nobody says."""
    withheld: bool = False
    """Whether it is the placeholder of a picture that nobody is to see."""
    tiled: bool = False
    """Whether it was decoded in tiles."""


def encode(
    picture: Image.Image,
    recipe: Mapping[str, Any],
    *,
    seed: int,
    group: Mapping[str, int] | None = None,
    withheld: bool = False,
    **origin: Any,
) -> Encoded:
    """The PNG of `picture` with what it takes to make it again.

    Args:
        recipe: all settings of the request.
        seed: this picture's own.
        group: `first` and `size` of the pictures it was denoised with.
        withheld: whether it stands for another that nobody is to see.
        origin: whatever else tells where the picture stands (batch, position).
    """
    picture = picture.convert("RGB")
    texts = PngInfo()
    texts.add_text("parameters", infotext(recipe, seed=seed, width=picture.width, height=picture.height))
    together = {"group": dict(group)} if group else {}
    marks = {"withheld": True} if withheld else {}
    own = {"version": 1, "seed": seed, **origin, **together, **marks, "recipe": dict(recipe)}
    texts.add_itxt(CHUNK, json.dumps(own, ensure_ascii=False))
    file = BytesIO()
    picture.save(file, "PNG", pnginfo=texts, compress_level=COMPRESSION)
    size, tiled = (picture.width, picture.height), bool(recipe.get("decoding"))
    return Encoded(file.getvalue(), pixels_of(picture), *size, seed, group or {}, withheld, tiled)


def encode_original(picture: Image.Image, **origin: Any) -> Encoded:
    """The PNG of a picture that was not made here but painted over here: no settings, and no seed."""
    picture = picture.convert("RGB")
    texts = PngInfo()
    texts.add_itxt(CHUNK, json.dumps({"version": 1, "original": True, **origin}, ensure_ascii=False))
    file = BytesIO()
    picture.save(file, "PNG", pnginfo=texts, compress_level=COMPRESSION)
    return Encoded(file.getvalue(), pixels_of(picture), picture.width, picture.height, None, {})


def pixels_of(picture: Image.Image) -> str:
    return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()


def read_recipe(path: Path) -> dict[str, Any] | None:
    """What `encode` wrote into the file; None when there is nothing of ours in it, or it is no picture."""
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            picture.load()
            own = json.loads(picture.info.get(CHUNK, "null"))
    except (OSError, ValueError, SyntaxError, RecursionError, Image.DecompressionBombError):
        return None
    return own if isinstance(own, dict) else None


def write(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is either whole or absent, even when the power goes."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def thumbnail(source: Path, target: Path) -> None:
    """Write the WebP thumbnail of the picture at `source`; a small picture is not enlarged.

    Raises:
        OSError: there is no sound picture.
    """
    small = decode_file(source)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    file = BytesIO()
    small.save(file, "WEBP", quality=85, method=2)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")  # others may ask, too
    part.write_bytes(file.getvalue())
    part.replace(target)


def preview(picture: Image.Image) -> bytes:
    """A WebP file of `picture` with PREVIEW_SIDE px on its longer side, for as long as there is nothing better."""
    scale = PREVIEW_SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    file = BytesIO()
    picture.resize(size, Image.Resampling.BICUBIC).save(file, "WEBP", quality=70, method=2)
    return file.getvalue()
