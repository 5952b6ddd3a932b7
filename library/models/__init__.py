"""What the library holds: batches of images."""

from library.models.batches import Batch, BatchQuerySet
from library.models.images import Image, ImageQuerySet
from library.models.shelf import Shelf, Unreachable

__all__ = ("Batch", "BatchQuerySet", "Image", "ImageQuerySet", "Shelf", "Unreachable")
