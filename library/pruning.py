"""Out of the trash for good: the row first, then the file."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from library.models import Batch, Image, ImageQuerySet, Shelf

SETTLED = timedelta(days=1)
"""A batch without pictures that is younger may be one whose pictures are still being made: it is left alone."""


def prune(images: ImageQuerySet | None = None, tell: Callable[[], None] = lambda: None) -> int:
    """Delete for good what has been in the trash for long enough, or these images of it; how many that were.

    Args:
        tell: called after each.

    Raises:
        Unreachable: the library's folder is not there, and its files would stay behind.
    """
    Shelf.objects.demand()
    count = 0
    expired = Image.objects.expired() if images is None else images
    for image in list(expired.select_related("batch")):
        if delete_for_good(image):
            count += 1
            tell()
    _remove_emptied_batches()
    return count


def delete_for_good(image: Image) -> bool:
    """False: it was restored meanwhile, or is gone already.

    A crash between the row and the file leaves a file that comes back into the library: rather that than the other way.

    Raises:
        Unreachable: the library's folder is not there.
    """
    Shelf.objects.demand()
    with transaction.atomic():
        # Locked, because Django's delete() looks first and deletes by key afterwards.
        found = Image.objects.trashed().select_for_update().filter(pk=image.pk)
        if not found.first():
            return False
        found.delete()
    _remove_files(image)
    _remove_emptied(image.batch)
    return True


def forget_missing() -> int:
    """Let go of the images whose files are gone; how many that were. Raises Unreachable."""
    Shelf.objects.demand()
    images = Image.objects.filter(missing__isnull=False)
    batches = list(images.values_list("batch", flat=True))
    count: int = images.delete()[1].get("library.Image", 0)
    Batch.objects.filter(pk__in=batches, images=None).delete()
    return count


def _remove_files(image: Image) -> None:
    for path in (image.path, image.thumbnail_path):
        with suppress(FileNotFoundError):
            path.unlink()
    with suppress(OSError):  # other pictures are in it, or it never was
        image.batch.folder.rmdir()


def _remove_emptied(batch: Batch) -> None:
    """An error that told why some pictures were missing goes with the others; the batch follows once it is settled."""
    Batch.objects.filter(pk=batch.pk, images=None).exclude(error="").update(error="")


def _remove_emptied_batches() -> None:
    Batch.objects.filter(images=None, error="", created__lt=timezone.now() - SETTLED).delete()


def bytes_of(image: Image) -> int:
    """What its file takes on the disk; 0 where somebody took the file away."""
    try:
        return image.path.lstat().st_size
    except OSError:
        return 0
