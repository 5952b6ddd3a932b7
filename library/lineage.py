"""What was made from what: sources, pictures made again, and whether those came out the same."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from library.models import Batch, Image


@dataclass(frozen=True)
class Remade:
    """A picture that was made again, and the one it should be."""

    image: Image
    original: Image

    @property
    def is_same(self) -> bool:
        return self.image.pixels == self.original.pixels

    @property
    def url(self) -> str:
        """Of the page that compares them."""
        pair = {"a": self.original.uuid, "b": self.image.uuid}
        return f"{reverse('library:compare')}?{urlencode(pair)}"


def remade(batch: Batch, images: list[Image]) -> list[Remade]:
    """Each of the images beside the one of the same seed that it was made after. One query, none for others.

    Placeholders are left out: they are the same whatever was withheld.
    """
    if not batch.remake_of:
        return []
    before = Image.objects.kept().filter(withheld=False, batch=batch.remake_of.batch_id).select_related("batch")
    originals = {image.seed: image for image in before if not image.is_original}
    return [Remade(image, originals[image.seed]) for image in images if image.seed in originals and not image.withheld]


@dataclass(frozen=True)
class Descendants:
    painted_over: list[Batch]
    made_again: list[Batch]


def descendants(images: list[Image]) -> Descendants:
    """The batches that were made from the images. One query."""
    keys = [image.pk for image in images]
    found = Batch.objects.filter(Q(source__in=keys) | Q(remake_of__in=keys)).with_pictures().order_by("created", "pk")
    batches = list(found)
    return Descendants(
        painted_over=[batch for batch in batches if batch.source_id in keys],
        made_again=[batch for batch in batches if batch.source_id not in keys],
    )
