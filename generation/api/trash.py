"""Taking pictures out of the library, and putting them back."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from library.models import Batch, Image


def move_to_trash(image: Image) -> bool:
    """False: it lay there already."""
    return _change(Image.objects.kept().filter(pk=image.pk), image, deleted=Now())


def restore(image: Image) -> bool:
    """False: it is in the library."""
    return _change(Image.objects.filter(pk=image.pk, deleted__isnull=False), image, deleted=None)


def _change(rows: QuerySet[Image], image: Image, deleted: Now | None) -> bool:
    changed = rows.update(deleted=deleted)
    if changed:
        Batch.objects.filter(pk=image.batch_id).update(changed=Now())
    return bool(changed)
