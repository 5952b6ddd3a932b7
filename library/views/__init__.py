"""What a browser gets: the library and its pages, comparisons, the trash, files."""

from library.views.compare import compare, difference
from library.views.deleting import ask_to_delete, delete, purge, restore
from library.views.files import download, picture, thumbnail
from library.views.listing import library
from library.views.pages import batch, favourite, image
from library.views.several import archive, favourites
from library.views.trash import trash, trash_thumbnail

__all__ = (
    "archive",
    "ask_to_delete",
    "batch",
    "compare",
    "delete",
    "difference",
    "download",
    "favourite",
    "favourites",
    "image",
    "library",
    "picture",
    "purge",
    "restore",
    "thumbnail",
    "trash",
    "trash_thumbnail",
)
