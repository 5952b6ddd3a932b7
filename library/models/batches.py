"""Batches: what was asked for together, and what was made of it."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from library.askers import NOBODY, Asker
from library.facts import facts
from library.facts import settings as settings_of
from library.finding import Finding, images
from library.search import Search

if TYPE_CHECKING:
    from library.models.images import Image

EVERYTHING = Search()
SEARCHED = ("model", "size", "seed", "steps", "sampler", "guidance_scale", "visitor", "person", "source")


class BatchQuerySet(Finding["Batch"]):
    def start(
        self,
        key: uuid.UUID,
        *,
        recipe: Mapping[str, Any],
        visitor: str,
        remake_of: uuid.UUID | None = None,
        person_id: int | None = None,
    ) -> "Batch":
        """The batch `key`, made now unless an earlier attempt made it.

        Args:
            remake_of: the image that is made again.
        """
        fields = {
            "words": str(recipe.get("prompt", "")),
            "recipe": dict(recipe),
            "visitor": visitor,
            "person_id": person_id,
            "source": images().called(recipe.get("source_image")),
            "remake_of": images().called(remake_of),
            **facts(recipe),
        }
        batch, is_new = self.get_or_create(uuid=key, defaults=fields)
        if not is_new and recipe.get("model") and not batch.model:  # begun with its source, before a worker had it
            batch.recipe, batch.model = dict(recipe), str(fields["model"])
            self.filter(pk=batch.pk).update(recipe=batch.recipe, model=batch.model)
        return batch

    def worth_showing(self) -> "BatchQuerySet":
        """Those with something to see: a picture, or an error that left none. What lies in the trash is not seen."""
        has_none = ~models.Exists(images().filter(batch=models.OuterRef("pk"), position__gt=0))
        return self.filter(~Q(error="") & has_none | self._has_image())

    def with_pictures(self) -> "BatchQuerySet":
        return self.filter(self._has_image())

    @staticmethod
    def _has_image() -> models.Exists:
        return models.Exists(images().kept().filter(batch=models.OuterRef("pk"), position__gt=0))

    def portion(
        self, size: int, *, after: "Batch | None" = None, search: Search = EVERYTHING, asker: Asker = NOBODY
    ) -> "list[Batch]":
        """The next `size` batches that the search finds, newest first, with their images: two queries.

        Args:
            after: the last batch of the portion before.
        """
        batches = self.matching(search, asker=asker).worth_showing()
        batches = batches.older(after) if after else batches.order_by("-created", "-pk")
        return list(batches.with_images(search)[:size])

    def with_images(self, search: Search = EVERYTHING) -> "BatchQuerySet":
        """With their makers, and `kept_images` that the search shows, at hand: one more query, however many batches."""
        shown = Prefetch("images", queryset=images().shown_by(search))
        return self.select_related("person").prefetch_related(shown)


class Batch(models.Model):
    """The pictures of one request."""

    uuid = models.UUIDField(unique=True, editable=False)
    words = models.TextField(help_text="The prompt.")
    recipe = models.JSONField(help_text="All settings of the request.")
    origin = models.CharField(
        max_length=80, blank=True, help_text="What made the pictures, if not this site: a tool's name, or elsewhere."
    )
    visitor = models.CharField(max_length=64, blank=True, help_text="Who asked: a random mark, no name.")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="batches",
        db_index=False, help_text="Whose account asked.",
    )  # fmt: skip  # an index of its own would tempt SQLite to fetch all of somebody's and sort them
    created = models.DateTimeField(default=timezone.now)
    changed = models.DateTimeField(default=timezone.now, help_text="When what people see of it last changed.")
    seconds = models.FloatField(default=0.0, help_text="Time that making its pictures took so far.")
    error = models.TextField(blank=True, help_text="Why pictures are missing, in words for people.")

    # From the recipe (`facts`), for searches
    model = models.CharField(max_length=255, blank=True)
    sampler = models.CharField(max_length=64, blank=True)
    size = models.CharField(max_length=32, blank=True, help_text="Of the pictures that come out, such as 512x512.")
    seed = models.BigIntegerField(null=True, blank=True, help_text="Of the first picture.")
    steps = models.BigIntegerField(null=True, blank=True)
    guidance_scale = models.FloatField(null=True, blank=True)

    # Where it comes from
    source = models.ForeignKey(
        "Image", on_delete=models.SET_NULL, null=True, blank=True, related_name="made_from_it",
        help_text="The picture it was painted over.",
    )  # fmt: skip
    remake_of = models.ForeignKey(
        "Image", on_delete=models.SET_NULL, null=True, blank=True, related_name="remakes",
        help_text="The picture that was made again.",
    )  # fmt: skip

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ("-created", "-pk")
        indexes = (
            # In the library's order, with all that filters look at: a row is fetched when it is found, not before.
            models.Index(fields=("-created", "-id", *SEARCHED), name="batch_newest_first"),
            models.Index(fields=("-changed",), name="batch_last_changed"),
            models.Index(fields=("model",), name="batch_models"),
            models.Index(fields=("size",), name="batch_sizes"),
        )

    def __str__(self) -> str:
        return self.words[:80]

    @property
    def folder(self) -> Path:
        return Path(settings.PLAYGROUND_LIBRARY) / str(self.uuid)

    @property
    def page_url(self) -> str:
        return reverse("library:batch", args=(self.uuid,))

    @property
    def kept_images(self) -> "list[Image]":
        """What may be given out, in order."""
        return [image for image in self.images.all() if image.is_kept]

    @property
    def seconds_per_image(self) -> float | None:
        count = sum(not image.is_original for image in self.kept_images)
        return self.seconds / count if count and self.seconds else None

    @property
    def slug(self) -> str:
        """The words as part of a file's name."""
        return slugify(self.words)[:60] or "picture"

    @property
    def settings(self) -> list[tuple[str, Any]]:
        return settings_of(self.recipe)

    def add_seconds(self, seconds: float) -> None:
        Batch.objects.filter(pk=self.pk).update(seconds=F("seconds") + seconds, changed=Now())

    def set_error(self, error: str) -> None:
        Batch.objects.filter(pk=self.pk).update(error=error, changed=Now())
