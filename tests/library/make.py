"""Batches and pictures to look at, with their files."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from PIL import Image as Pillow

from library import png
from library.models import Batch, Image

RECIPE = {
    "prompt": "a fox", "negative_prompt": "", "num_images": 3, "seed": 41, "width": 32, "height": 16, "steps": 20,
    "guidance_scale": 7.5, "eta": 0.0, "sampler": "DDIM", "downsampling_factor": 8, "model": "tiny",
}  # fmt: skip


def a_batch(words: str = "a fox", *, remake_of: UUID | None = None, visitor: str = "", **recipe: Any) -> Batch:
    settings = {**RECIPE, "prompt": words, **recipe}
    return Batch.objects.start(uuid4(), recipe=settings, visitor=visitor, remake_of=remake_of)


def an_image(batch: Batch | None = None, position: int = 1, picture: Pillow.Image | None = None) -> Image:
    batch = batch or a_batch()
    picture = picture or Pillow.effect_noise((32, 16), 90)
    group = {"first": 1, "size": 3}
    encoded = png.encode(picture, batch.recipe, seed=batch.recipe["seed"] + position - 1, group=group)
    return Image.objects.store(encoded, batch=batch, position=position)


def some(count: int, words: str = "a fox") -> list[Image]:
    """The pictures of one batch."""
    batch = a_batch(words)
    return [an_image(batch, position) for position in range(1, count + 1)]


def trashed(image: Image, days: float = 0) -> Image:
    """The image, in the trash for so many days."""
    Image.objects.filter(pk=image.pk).move_to_trash()
    Image.objects.filter(pk=image.pk).update(deleted=timezone.now() - timedelta(days=days))
    image.refresh_from_db()
    return image
