"""Pictures and thumbnails as files."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from library import png
from library.askers import asker_of
from library.models import Batch, Image

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
"""Of the files that the library may hold, by their suffixes."""

PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",  # a finished picture never changes
    # Stricter than the pages' but for style attributes: browsers centre a lone picture with them.
    "Content-Security-Policy": "default-src 'none'; style-src-attr 'unsafe-inline'; frame-ancestors 'none'",
}


@require_safe
def picture(request: HttpRequest, batch: UUID, name: str) -> FileResponse:
    """The file. Looked up in the database: a name never becomes a path."""
    match = re.fullmatch(r"([0-9]{2})(-original)?\.[a-z]{3,4}", name)
    image = _image(request, batch, int(match[1])) if match else None
    if image is None or name != image.name:
        raise Http404
    return _picture(image)


@require_safe
def download(request: HttpRequest, batch: UUID, position: int, name: str) -> FileResponse:
    """The same file, under the one name that tells what it is."""
    image = _image(request, batch, position)
    if name != image.download_name:
        raise Http404
    return _picture(image)


def _image(request: HttpRequest, batch: UUID, position: int) -> Image:
    kept = Image.objects.kept().select_related("batch")
    return in_the_library(request, get_object_or_404(kept, batch__uuid=batch, position=position))


def in_the_library(request: HttpRequest, image: Image) -> Image:
    """The same. Raises Http404 where it is not there yet for whoever asks."""
    if not is_in_the_library(request, image):
        raise Http404
    return image


def is_in_the_library(request: HttpRequest, image: Image) -> bool:
    """A source has its row as soon as its job is sent. Where others' words are hidden while they wait, it is too."""
    if settings.PLAYGROUND_QUEUE_WORDS == "everyone" or not image.is_original or asker_of(request).made(image.batch):
        return True
    return Batch.objects.with_pictures().filter(pk=image.batch_id).exists()


def _picture(image: Image) -> FileResponse:
    with _gone_is_404():
        return _file(image.safe_path, TYPES.get(image.suffix, "image/png"), image.download_name)


@require_safe
def thumbnail(request: HttpRequest, image: UUID) -> FileResponse:
    return thumbnail_of(get_object_or_404(Image.objects.kept().select_related("batch"), uuid=image))


def thumbnail_of(image: Image, headers: Mapping[str, str] = PICTURE_HEADERS) -> FileResponse:
    """The WebP thumbnail, made when it is first asked for."""
    path = image.thumbnail_path
    if not path.exists():
        with _gone_is_404():
            png.thumbnail(image.safe_path, path)
    with _gone_is_404():
        return _file(path, "image/webp", path.name, headers)


@contextmanager
def _gone_is_404() -> Iterator[None]:
    """A file that was taken away by hand: the row stays, so that it comes back with its file."""
    try:
        yield
    except OSError as error:
        raise Http404 from error


def _file(path: Path, content_type: str, filename: str, headers: Mapping[str, str] = PICTURE_HEADERS) -> FileResponse:
    return FileResponse(path.open("rb"), content_type=content_type, filename=filename, headers=headers)
