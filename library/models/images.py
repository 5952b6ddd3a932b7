"""Images: a row here and a file below PLAYGROUND_LIBRARY; neither knows who asked for it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from library import png
from library.decoding import decode_file
from library.dialects.values import up_to
from library.keeping import KEPT_FOR, Keeping
from library.models.batches import Batch
from library.models.shelf import Shelf
from library.search import Search

LAST = 99  # position: names of files have two digits


class ImageQuerySet(Keeping["Image"]):
    def shown_by(self, search: Search) -> "ImageQuerySet":
        """The pictures that a search shows of the batches it finds: with `fav:yes` only favourites."""
        kept = self.kept().order_by("position")
        return kept.filter(favourite=True) if search.filters.get("fav") == "yes" else kept

    def store(self, encoded: png.Encoded, *, batch: Batch, position: int) -> "Image":
        """Keep one picture. Afterwards both PNG and row exist, or neither.

        Call it in a transaction that has made sure that the caller may still write to the batch. A file that is
        there already was finished by a worker that died before its row was written: it is kept as it is, with the row
        that it may have got since from whoever looked through the folder, unless this picture is to be withheld and
        that one is not.

        Raises:
            Unreachable: the library's folder is not there.
        """
        Shelf.objects.demand()
        image = Image(
            batch=batch,
            position=position,
            seed=encoded.seed,
            width=encoded.width,
            height=encoded.height,
            pixels=encoded.pixels,
            group_first=encoded.group.get("first"),
            group_size=encoded.group.get("size"),
            withheld=encoded.withheld,
            tiled=encoded.tiled,
        )
        batch.folder.mkdir(parents=True, exist_ok=True)
        there = png.read_recipe(image.path)
        if there is None or (encoded.withheld and not there.get("withheld")):
            png.write(image.path, encoded.data)
        else:
            image.adopt_file()
            image.adopt_origin(there)
        return self.add(image)

    def add(self, image: "Image") -> "Image":
        """The image, with its row; where there is one of its position already, that one."""
        self.bulk_create([image], ignore_conflicts=True)
        Batch.objects.filter(pk=image.batch_id).update(changed=Now())
        return self.get(batch=image.batch_id, position=image.position)


class Image(models.Model):
    """One picture: this row and the file at `path`."""

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
    withheld = models.BooleanField(
        default=False, help_text="A placeholder: the safety catch flagged the picture, which was not kept."
    )
    tiled = models.BooleanField(
        default=False, help_text="Decoded in tiles, because memory was short: that makes slightly other pixels."
    )
    favourite = models.BooleanField(default=False, help_text="The whole house's, not one visitor's.")
    folder = models.CharField(
        max_length=1000, blank=True, help_text="Below the library's, where somebody put the file; empty: the batch's."
    )
    file = models.CharField(max_length=255, blank=True, help_text="The file's name there.")
    created = models.DateTimeField(default=timezone.now)
    missing = models.DateTimeField(null=True, blank=True, help_text="Since when its file is not there.")
    deleted = models.DateTimeField(null=True, blank=True, help_text="When it was moved to the trash.")

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("batch", "position"), name="one_image_per_position"),
            models.UniqueConstraint(fields=("folder", "file"), condition=~Q(file=""), name="one_image_per_file"),
        )
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
    def suffix(self) -> str:
        return Path(self.file).suffix.lower() or ".png"

    @property
    def name(self) -> str:
        """What its file is called in its address, and, unless somebody put it elsewhere, in its batch's folder."""
        return f"{self.position:02d}{self.suffix}" if self.position else self.ORIGINAL

    @property
    def is_kept(self) -> bool:
        """Whether it may be given out."""
        return self.deleted is None and self.missing is None

    @property
    def is_original(self) -> bool:
        """Whether it is the source of its batch: not made by the model."""
        return self.position == 0

    @property
    def download_name(self) -> str:
        if self.is_original:
            return f"{self.batch.slug}-original.png"
        return f"{self.batch.slug}-{self.position if self.seed is None else self.seed}{self.suffix}"

    @property
    def path(self) -> Path:
        if self.file:
            return Path(settings.PLAYGROUND_LIBRARY, self.folder, self.file)
        return self.batch.folder / self.name

    @property
    def safe_path(self) -> Path:
        """`path`, seen to be no link: one could lead anywhere on this machine. Raises OSError."""
        library = Path(settings.PLAYGROUND_LIBRARY)
        if self.path.resolve() != library.resolve() / self.path.relative_to(library):
            raise FileNotFoundError(f"{self.path} is a link.")
        return self.path

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

    @property
    def gone(self) -> datetime | None:
        """When the trash will be emptied of it."""
        return self.deleted and self.deleted + KEPT_FOR

    def set_favourite(self, favourite: bool) -> bool:
        """False: it was so already, or the image is gone."""
        return bool(Image.objects.filter(pk=self.pk).star(favourite))

    def adopt_file(self) -> None:
        """Take size and pixels from the file that lies at `path`. Raises OSError."""
        picture = decode_file(self.path)
        self.width, self.height, self.pixels = picture.width, picture.height, png.pixels_of(picture)

    def adopt_origin(self, own: Mapping[str, Any]) -> None:
        """Take over how it was made from what its file says of itself (`png.read_recipe`), right or wrong."""
        group = own["group"] if isinstance(own.get("group"), dict) else {}
        recipe = own["recipe"] if isinstance(own.get("recipe"), dict) else {}
        self.withheld, self.tiled = own.get("withheld") is True, bool(recipe.get("decoding"))
        self.group_first, self.group_size = up_to(LAST, group.get("first")), up_to(LAST, group.get("size"))
