"""Batches of images. Rows here, PNG files below PLAYGROUND_LIBRARY; neither knows who asked for them."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Prefetch, Q
from django.db.models.functions import Now
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import slugify
from PIL import Image as Pillow

from library import png
from library.askers import NOBODY, Asker
from library.facts import as_query, facts
from library.facts import settings as settings_of
from library.finding import Finding
from library.keeping import KEPT_FOR, Keeping
from library.search import Search

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
            "source": Image.objects.called(recipe.get("source_image")),
            "remake_of": Image.objects.called(remake_of),
            **facts(recipe),
        }
        batch, is_new = self.get_or_create(uuid=key, defaults=fields)
        if not is_new and recipe.get("model") and not batch.model:  # begun with its source, before a worker had it
            batch.recipe, batch.model = dict(recipe), str(fields["model"])
            self.filter(pk=batch.pk).update(recipe=batch.recipe, model=batch.model)
        return batch

    def worth_showing(self) -> "BatchQuerySet":
        """Those with something to see: a picture, or an error that left none. What lies in the trash is not seen."""
        has_none = ~models.Exists(Image.objects.filter(batch=models.OuterRef("pk"), position__gt=0))
        return self.filter(~Q(error="") & has_none | self._has_image())

    def with_pictures(self) -> "BatchQuerySet":
        return self.filter(self._has_image())

    @staticmethod
    def _has_image() -> models.Exists:
        return models.Exists(Image.objects.kept().filter(batch=models.OuterRef("pk"), position__gt=0))

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
        shown = Prefetch("images", queryset=Image.objects.shown_by(search))
        return self.select_related("person").prefetch_related(shown)


class Batch(models.Model):
    """The pictures of one request."""

    uuid = models.UUIDField(unique=True, editable=False)
    words = models.TextField(help_text="The prompt.")
    recipe = models.JSONField(help_text="All settings of the request.")
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
        return [image for image in self.images.all() if image.deleted is None]

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

    @property
    def as_query(self) -> str:
        return as_query(self.recipe)

    def add_seconds(self, seconds: float) -> None:
        Batch.objects.filter(pk=self.pk).update(seconds=F("seconds") + seconds, changed=Now())

    def set_error(self, error: str) -> None:
        Batch.objects.filter(pk=self.pk).update(error=error, changed=Now())


class ImageQuerySet(Keeping["Image"]):
    def shown_by(self, search: Search) -> "ImageQuerySet":
        """The pictures that a search shows of the batches it finds: with `fav:yes` only favourites."""
        kept = self.kept().order_by("position")
        return kept.filter(favourite=True) if search.filters.get("fav") == "yes" else kept

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
            group_first=encoded.group.get("first"),
            group_size=encoded.group.get("size"),
        )
        batch.folder.mkdir(parents=True, exist_ok=True)
        if png.read_recipe(image.path) is None:
            png.write(image.path, encoded.data)
        else:
            image.adopt_file()
        image.save(force_insert=True)
        Batch.objects.filter(pk=batch.pk).update(changed=Now())
        return image


class Image(models.Model):
    """One picture: this row and the PNG file at `path`."""

    ORIGINAL = "00-original.png"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField(help_text="Place in the batch, from 1; 0 is the source.")
    seed = models.BigIntegerField(null=True, blank=True, help_text="None of a picture that was not made here.")
    width = models.PositiveIntegerField(help_text="px")
    height = models.PositiveIntegerField(help_text="px")
    pixels = models.CharField(max_length=64, help_text="SHA-256 of the decoded RGB.")
    group_first = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Position of the first picture that it was denoised with."
    )
    group_size = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Pictures denoised together.")
    favourite = models.BooleanField(default=False, help_text="The whole house's, not one visitor's.")
    created = models.DateTimeField(default=timezone.now)
    deleted = models.DateTimeField(null=True, blank=True, help_text="When it was moved to the trash.")

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("batch", "position"), name="one_image_per_position"),)
        indexes = (
            models.Index(fields=("seed", "batch"), name="image_seeds"),
            models.Index(
                fields=("batch", "favourite", "deleted"),
                condition=Q(favourite=True, deleted=None),
                name="image_favourites",
            ),
            models.Index(fields=("-deleted", "-id"), condition=Q(deleted__isnull=False), name="image_trash"),
        )

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.name}"

    @property
    def name(self) -> str:
        return f"{self.position:02d}.png" if self.position else self.ORIGINAL

    @property
    def is_original(self) -> bool:
        """Whether it is the source of its batch: not made by the model."""
        return self.position == 0

    @property
    def download_name(self) -> str:
        return f"{self.batch.slug}-{'original' if self.is_original else self.seed}.png"

    @property
    def path(self) -> Path:
        return self.batch.folder / self.name

    @property
    def url(self) -> str:
        return reverse("library:picture", args=(self.batch.uuid, self.name))

    @property
    def page_url(self) -> str:
        return reverse("library:image", args=(self.batch.uuid, self.position))

    @property
    def download_url(self) -> str:
        """The same file under a name that tells what it is, for whoever saves it."""
        return reverse("library:download", args=(self.batch.uuid, self.position, self.download_name))

    @property
    def thumbnail_url(self) -> str:
        return reverse("library:thumbnail", args=(self.uuid,))

    @property
    def thumbnail_path(self) -> Path:
        key = str(self.uuid)
        return Path(settings.PLAYGROUND_CACHE) / "thumbnails" / key[:2] / f"{key}.webp"

    @cached_property
    def settings_query(self) -> str:
        """All settings, with this picture's own seed, as a query string."""
        return as_query(self.batch.recipe, seed=self.seed)

    @cached_property
    def vary_url(self) -> str:
        """The page where all its settings can be varied, with the picture as source; empty while there is none."""
        try:
            page = reverse("generation:advanced")
        except NoReverseMatch:
            return ""
        rest = as_query(self.batch.recipe, seed=self.seed, source_image=None)
        return f"{page}?source_image={self.uuid}&{rest}"

    @property
    def gone(self) -> datetime | None:
        """When the trash will be emptied of it."""
        return self.deleted and self.deleted + KEPT_FOR

    def set_favourite(self, favourite: bool) -> bool:
        """False: it was so already, or the image is gone."""
        return bool(Image.objects.filter(pk=self.pk).star(favourite))

    def adopt_file(self) -> None:
        """Take size and pixels from the file that lies at `path`."""
        with Pillow.open(self.path) as picture:
            self.width, self.height, self.pixels = picture.width, picture.height, png.pixels_of(picture)
