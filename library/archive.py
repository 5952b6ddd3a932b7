"""Several pictures as one zip file that is never whole on this machine, neither on disk nor in memory."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.http import StreamingHttpResponse
from django.utils import timezone

from library.models import Image

MOST = 500
"""Pictures of one zip for a browser, and that one request may name."""
RECIPES = "recipes.jsonl"
CHUNK = 256 * 1024  # bytes
READABLE = 0o644 << 16  # where a zip keeps the file's mode


def stream(
    images: Iterable[Image], *, with_recipes: bool = False, tell: Callable[[], None] = lambda: None
) -> Iterator[bytes]:
    """The zip, part by part. Pictures are compressed already, so they are stored as they are.

    Args:
        with_recipes: with a file that has a line of JSON for each picture.
        tell: called after each picture.
    """
    outlet = _Outlet()
    missing: list[str] = []
    recipes: list[str] = []
    with ZipFile(outlet, "w", ZIP_STORED) as archive:
        for name, image in named(images):
            file = _opened(image)
            if file is None:
                missing.append(name)
                continue
            with file, archive.open(_entry(name, image), "w") as entry:
                while chunk := file.read(CHUNK):
                    entry.write(chunk)
                    yield outlet.taken()
            recipes += [json.dumps(_recipe(name, image), ensure_ascii=False)] * with_recipes
            tell()
        if with_recipes:
            archive.writestr(RECIPES, "".join(f"{line}\n" for line in recipes), ZIP_DEFLATED)
        if missing:
            archive.writestr("missing.txt", "\n".join(["The files of these pictures are gone:", *missing, ""]))
    yield outlet.taken()


def _recipe(name: str, image: Image) -> dict[str, Any]:
    """What there is to know of a picture, but for who asked for it."""
    batch = image.batch
    return {
        "file": name,
        "uuid": str(image.uuid),
        "batch": str(batch.uuid),
        "position": image.position,
        "prompt": batch.words,
        "seed": image.seed,
        "width": image.width,
        "height": image.height,
        "favourite": image.favourite,
        "created": image.created.isoformat(),
        "pixels": image.pixels,
        "origin": batch.origin,
        "recipe": batch.recipe,
    }


def download(images: Iterable[Image]) -> StreamingHttpResponse:
    """The zip for a browser to keep."""
    name = f"pictures-{timezone.localdate():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(stream(images), content_type="application/zip", headers=headers)


def named(images: Iterable[Image]) -> Iterator[tuple[str, Image]]:
    """Each with a name that no other has, also where capitals do not count: a-fox-41.png, a-fox-41-2.png."""
    taken: set[str] = set()
    for image in images:
        stem, suffix = image.download_name.removesuffix(image.suffix), image.suffix
        name, number = f"{stem}{suffix}", 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        taken.add(name.casefold())
        yield name, image


def _opened(image: Image) -> IO[bytes] | None:
    """None: somebody took the file away, or put a link there that could lead anywhere."""
    try:
        return image.safe_path.open("rb")
    except OSError:
        return None


def _entry(name: str, image: Image) -> ZipInfo:
    entry = ZipInfo(name, timezone.localtime(image.created).timetuple()[:6])
    entry.external_attr = READABLE
    return entry


class _Outlet(io.RawIOBase):
    """What ZipFile writes into: it keeps what has come since somebody last took it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def taken(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
