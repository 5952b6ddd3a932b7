"""What a browser gets: the library and its pages, comparisons, files."""

from library.views.compare import compare, difference
from library.views.files import download, picture, thumbnail
from library.views.listing import library
from library.views.pages import batch, favourite, image

__all__ = ("batch", "compare", "difference", "download", "favourite", "image", "library", "picture", "thumbnail")
