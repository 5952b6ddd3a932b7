from django.urls import path, register_converter

from library import views

app_name = "library"


class TwoDigits:
    """A picture's place as its file has it: 01."""

    regex = "[0-9]{2}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:02d}"


register_converter(TwoDigits, "two_digits")

urlpatterns = [
    path("library/", views.library, name="library"),
    path("library/compare/", views.compare, name="compare"),
    path("library/compare/difference.webp", views.difference, name="difference"),
    path("library/delete/", views.delete, name="delete"),
    path("library/favourites/", views.favourites, name="favourites"),
    path("library/zip/", views.archive, name="zip"),
    path("library/<uuid:batch>/", views.batch, name="batch"),
    path("library/<uuid:batch>/<int:position>/", views.image, name="image"),
    path("library/<uuid:batch>/<int:position>/favourite/", views.favourite, name="favourite"),
    path("library/<uuid:batch>/<int:position>/delete/", views.ask_to_delete, name="ask-to-delete"),
    path("library/<uuid:batch>/<two_digits:position>/<str:name>", views.download, name="download"),
    path("library/<uuid:batch>/<str:name>", views.picture, name="picture"),
    path("thumbs/<uuid:image>.webp", views.thumbnail, name="thumbnail"),
    path("trash/", views.trash, name="trash"),
    path("trash/restore/", views.restore, name="restore"),
    path("trash/<uuid:image>.webp", views.trash_thumbnail, name="trash-thumbnail"),
    path("trash/<uuid:image>/delete/", views.purge, name="purge"),
]
