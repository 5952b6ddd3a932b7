"""Which images may be given out, which lie in the trash, and the moves between the two."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

if TYPE_CHECKING:
    from library.models import Image

KEPT_FOR = timedelta(days=30)
"""How long the trash keeps a picture."""

Row = TypeVar("Row", bound=models.Model)


class Keeping(models.QuerySet[Row]):
    """The part of an image's queryset that knows of the trash, and of files that were taken away."""

    def kept(self) -> Self:
        """Those that may be given out."""
        return self.filter(deleted=None, missing=None)

    def trashed(self) -> Self:
        """Those in the trash, the last that came first."""
        return self.filter(deleted__isnull=False).order_by("-deleted", "-pk")

    def trashed_before(self, image: "Image") -> Self:
        """Those that come after it on the trash's page, in that order."""
        beyond = models.Q(deleted__lt=image.deleted) | models.Q(pk__lt=image.pk)
        return self.trashed().filter(beyond, deleted__lte=image.deleted)

    def expired(self, kept_for: timedelta = KEPT_FOR) -> Self:
        return self.trashed().filter(deleted__lte=timezone.now() - kept_for)

    def called(self, key: object) -> Row | None:
        """The image of that uuid; None where there is none, or it is no uuid."""
        try:
            return self.filter(uuid=uuid.UUID(str(key))).first() if key else None
        except ValueError:
            return None

    def move_to_trash(self) -> int:
        """How many were moved; the file of each stays where it is until the trash is emptied."""
        # Not the database's time: SQLite's has fewer digits, so it would not equal itself as a parameter.
        return self._change(self.kept(), deleted=timezone.now())

    def restore(self) -> int:
        """How many came back out of the trash."""
        return self._change(self.filter(deleted__isnull=False), deleted=None)

    def star(self, favourite: bool) -> int:
        """How many got their star, or lost it."""
        return self._change(self.kept().filter(favourite=not favourite), favourite=favourite)

    def mark_missing(self) -> int:
        """How many are not shown from now on, because their files are gone. They come back with them."""
        return self._change(self.filter(missing=None), missing=timezone.now())

    def mark_found(self) -> int:
        """How many are shown again."""
        return self._change(self.filter(missing__isnull=False), missing=None)

    def _change(self, images: Self, **fields: Any) -> int:
        """Write the fields, and that their batches have changed: polls look at it."""
        with transaction.atomic():
            batches = set(images.order_by().values_list("batch", flat=True))
            changed = images.order_by().update(**fields)
            apps.get_model("library.Batch")._default_manager.filter(pk__in=batches).update(changed=Now())
        return changed
