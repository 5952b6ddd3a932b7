"""Batches of images. Rows here, PNG files below PLAYGROUND_LIBRARY; neither knows who asked for them."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Pillow

from library import png


class BatchQuerySet(models.QuerySet["Batch"]):
    def start(self, key: uuid.UUID, *, recipe: Mapping[str, Any], visitor: str) -> "Batch":
        """The batch `key`, made now unless an earlier attempt made it."""
        words = str(recipe.get("prompt", ""))
        batch, _ = self.get_or_create(uuid=key, defaults={"words": words, "recipe": dict(recipe), "visitor": visitor})
        return batch

    def worth_showing(self) -> "BatchQuerySet":
        """Those with something to see: a picture or an error."""
        has_image = models.Exists(Image.objects.kept().filter(batch=models.OuterRef("pk")))
        return self.filter(~models.Q(error="") | has_image)

    def portion(self, size: int, *, after: "Batch | None" = None) -> "list[Batch]":
        """The next `size` batches, newest first, with their images: two queries.

        Args:
            after: the last batch of the portion before.
        """
        batches = self.worth_showing().order_by("-created", "-pk")
        if after:
            older = models.Q(created__lt=after.created)
            batches = batches.filter(older | models.Q(created=after.created, pk__lt=after.pk))
        return list(batches.with_images()[:size])

    def with_images(self) -> "BatchQuerySet":
        """With `kept_images` at hand: one more query, however many batches."""
        return self.prefetch_related(Prefetch("images", queryset=Image.objects.kept().order_by("position")))


class Batch(models.Model):
    """The pictures of one request."""

    uuid = models.UUIDField(unique=True, editable=False)
    words = models.TextField(help_text="The prompt.")
    recipe = models.JSONField(help_text="All settings of the request.")
    visitor = models.CharField(max_length=64, blank=True, help_text="Who asked: a random mark, no name.")
    created = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0.0, help_text="Time that making its pictures took so far.")
    error = models.TextField(blank=True, help_text="Why pictures are missing, in words for people.")

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        ordering = ("-created", "-pk")
        indexes = (models.Index(fields=("-created", "-id"), name="batch_newest_first"),)

    def __str__(self) -> str:
        return self.words[:80]

    @property
    def folder(self) -> Path:
        return Path(settings.PLAYGROUND_LIBRARY) / str(self.uuid)

    @property
    def kept_images(self) -> "list[Image]":
        """What may be given out, in order."""
        return [image for image in self.images.all() if image.deleted is None]

    @property
    def seconds_per_image(self) -> float | None:
        count = len(self.kept_images)
        return self.seconds / count if count and self.seconds else None

    def add_seconds(self, seconds: float) -> None:
        Batch.objects.filter(pk=self.pk).update(seconds=F("seconds") + seconds)

    def set_error(self, error: str) -> None:
        Batch.objects.filter(pk=self.pk).update(error=error)


class ImageQuerySet(models.QuerySet["Image"]):
    def kept(self) -> "ImageQuerySet":
        """Those that may be given out."""
        return self.filter(deleted=None)

    def store(self, encoded: png.Encoded, *, batch: Batch, position: int) -> "Image":
        """Keep one picture. Afterwards both PNG and row exist, or neither.

        Call it in a transaction that has made sure that the caller may still write to the batch. A file that is
        there already was finished by a worker that died before its row was written: it is kept as it is.
        """
        image = Image(
            batch=batch,
            position=position,
            seed=encoded.seed,
            width=encoded.width,
            height=encoded.height,
            pixels=encoded.pixels,
        )
        batch.folder.mkdir(parents=True, exist_ok=True)
        if png.read_recipe(image.path) is None:
            png.write(image.path, encoded.data)
        else:
            image.adopt_file()
        image.save(force_insert=True)
        return image


class Image(models.Model):
    """One picture: this row and the PNG file at `path`."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField(help_text="Place in the batch, from 1.")
    seed = models.BigIntegerField()
    width = models.PositiveIntegerField(help_text="px")
    height = models.PositiveIntegerField(help_text="px")
    pixels = models.CharField(max_length=64, help_text="SHA-256 of the decoded RGB.")
    created = models.DateTimeField(default=timezone.now)
    deleted = models.DateTimeField(null=True, blank=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("batch", "position"), name="one_image_per_position"),)

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.name}"

    @property
    def name(self) -> str:
        return f"{self.position:02d}.png"

    @property
    def path(self) -> Path:
        return self.batch.folder / self.name

    @property
    def url(self) -> str:
        return reverse("library:picture", args=(self.batch.uuid, self.name))

    @property
    def thumbnail_url(self) -> str:
        return reverse("library:thumbnail", args=(self.uuid,))

    @property
    def thumbnail_path(self) -> Path:
        key = str(self.uuid)
        return Path(settings.PLAYGROUND_CACHE) / "thumbnails" / key[:2] / f"{key}.webp"

    def adopt_file(self) -> None:
        """Take size and pixels from the file that lies at `path`."""
        with Pillow.open(self.path) as picture:
            self.width, self.height, self.pixels = picture.width, picture.height, png.pixels_of(picture)
