"""The library page, and pictures and thumbnails as files."""

import re
from pathlib import Path
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from library import png
from library.models import Batch, Image

PORTION = 12  # batches
EXAMPLES = ("a penguin on a pink background", "a sunflower on grass", "a rocket in the night sky")
PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",  # a finished picture never changes
    # Stricter than the pages' but for style attributes: browsers centre a lone picture with them.
    "Content-Security-Policy": "default-src 'none'; style-src-attr 'unsafe-inline'; frame-ancestors 'none'",
}


@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """Batches newest first, a portion at a time; to htmx the next portion alone."""
    batches = Batch.objects.portion(PORTION + 1, after=_batch(request.GET.get("before", "")))
    more = len(batches) > PORTION
    batches = batches[:PORTION]
    context = {"batches": batches, "next": batches[-1].uuid if more else "", "examples": EXAMPLES}
    is_portion = bool(request.headers.get("HX-Request")) and "before" in request.GET
    return render(request, "library/_portion.html" if is_portion else "library/library.html", context)


def _batch(text: str) -> Batch | None:
    """The batch that the portion before ended with; nonsense means the beginning."""
    try:
        return Batch.objects.filter(uuid=UUID(text)).first()
    except ValueError:
        return None


@require_safe
def picture(request: HttpRequest, batch: UUID, name: str) -> FileResponse:
    """The PNG. Looked up in the database: a name never becomes a path."""
    match = re.fullmatch(r"([0-9]{2})\.png", name)
    if not match:
        raise Http404
    image = get_object_or_404(Image.objects.kept().select_related("batch"), batch__uuid=batch, position=int(match[1]))
    filename = f"{slugify(image.batch.words)[:60] or 'picture'}-{image.seed}.png"
    return _file(_own(image.path), "image/png", filename)


@require_safe
def thumbnail(request: HttpRequest, image: UUID) -> FileResponse:
    """The WebP thumbnail, made when it is first asked for."""
    shown = get_object_or_404(Image.objects.kept().select_related("batch"), uuid=image)
    path = shown.thumbnail_path
    if not path.exists():
        try:
            png.thumbnail(_own(shown.path), path)
        except OSError as error:
            raise Http404 from error
    return _file(path, "image/webp", path.name)


def _own(path: Path) -> Path:
    """A link in the library's folder could lead anywhere on this machine."""
    if path.is_symlink():
        raise Http404
    return path


def _file(path: Path, content_type: str, filename: str) -> FileResponse:
    try:
        file = path.open("rb")
    except OSError as error:  # taken away by hand: the row stays, so that it comes back with its file
        raise Http404 from error
    return FileResponse(file, content_type=content_type, filename=filename, headers=PICTURE_HEADERS)
