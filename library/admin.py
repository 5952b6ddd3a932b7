"""Curation: what the library holds, as many of it at once as one likes."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from library.archive import MOST
from library.archive import download as as_zip
from library.askers import A_VISITOR, maker
from library.models import Batch, Image, ImageQuerySet
from library.search import Search

SHOWN = 6
"""Pictures of a batch in the list."""


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the site itself writes; actions may still change them."""

    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def images_of(rows: QuerySet[Any]) -> ImageQuerySet:
    """The images that are meant by rows of either list."""
    images = Image.objects.all()
    return images.filter(**{"pk__in" if rows.model is Image else "batch__in": rows.values("pk")})


class ImagesFilter(admin.SimpleListFilter):
    """A filter of images that also finds the batches which have such."""

    conditions: dict[str, tuple[str, Q]]
    """Value in the address -> (its name, what it asks of an image)."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, name) for value, (name, _) in self.conditions.items()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.conditions:
            return rows
        images = Image.objects.order_by().filter(self.conditions[str(self.value())][1])
        return rows.filter(pk__in=images.values("pk" if rows.model is Image else "batch"))


class WhereFilter(ImagesFilter):
    title, parameter_name = "where", "where"
    conditions = {
        "library": ("in the library", Q(deleted=None, missing=None)),
        "trash": ("in the trash", Q(deleted__isnull=False)),
        "missing": ("its file is missing", Q(missing__isnull=False)),
    }


class FavouriteFilter(ImagesFilter):
    title, parameter_name = "favourite", "favourite"
    conditions = {"yes": ("yes", Q(favourite=True)), "no": ("no", Q(favourite=False))}


class ValuesFilter(admin.AllValuesFieldListFilter):
    """Pictures from elsewhere often tell nothing: that is a choice, too, and needs a name."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "unknown"}


class MadeFilter(admin.SimpleListFilter):
    title, parameter_name = "made", "made"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("here", "here"), ("elsewhere", "elsewhere")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        here = Q(**{"batch__origin" if rows.model is Image else "origin": ""})
        return {"here": rows.filter(here), "elsewhere": rows.exclude(here)}.get(str(self.value()), rows)


class MakerFilter(admin.SimpleListFilter):
    """For whom jobs, batches or images were made: an account, or somebody without one."""

    title, parameter_name = "for", "by"
    VISITOR = "visitor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.order_by("username").values_list("pk", "username")
        return [(self.VISITOR, A_VISITOR), *((str(key), name) for key, name in people)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        batch = {Batch: "", Image: "batch__"}.get(rows.model)
        wanted = self.value()
        if wanted == self.VISITOR:
            here = {} if batch is None else {f"{batch}origin": ""}
            return rows.filter(**{f"{batch or ''}person": None}, **here)
        if wanted not in {str(key) for key, _ in self.lookup_choices}:
            return rows
        return rows.filter(**{f"{batch or ''}person": wanted})


class Curation(ReadOnlyAdmin):
    """What can be done with batches and images alike. The search is the library's own, and takes a uuid, too."""

    list_per_page = 50
    search_fields = ("uuid",)  # so that there is a box
    actions = ("star", "unstar", "to_trash", "restore", "download")

    def get_search_results(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> tuple[QuerySet[Any], bool]:
        if not term.strip():
            return rows, False
        try:
            return rows.filter(uuid=UUID(term.strip())), False
        except ValueError:
            batches = Batch.objects.matching(Search.parse(term)).order_by().values("pk")
        return rows.filter(**{"batch__in" if rows.model is Image else "pk__in": batches}), False

    @admin.action(description="Make favourites", permissions=["change"])
    def star(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._tell(request, images_of(rows).star(True), "made favourites")

    @admin.action(description="Take the star away", permissions=["change"])
    def unstar(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._tell(request, images_of(rows).star(False), "no favourites any more")

    @admin.action(description="Delete (into the trash)", permissions=["change"])
    def to_trash(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._tell(request, images_of(rows).move_to_trash(), "moved to the trash")

    @admin.action(description="Restore from the trash", permissions=["change"])
    def restore(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._tell(request, images_of(rows).restore(), "restored")

    @admin.action(description=f"Download as one zip ({MOST} at most)")
    def download(self, request: HttpRequest, rows: QuerySet[Any]) -> StreamingHttpResponse | None:
        images = images_of(rows).kept().select_related("batch").order_by("-batch__created", "-batch", "position")
        count = images.count()
        if 0 < count <= MOST:
            return as_zip(images.iterator(100))
        told = f"These are {count:,} pictures; {MOST} are the most." if count else "There is nothing to download."
        self.message_user(request, told, "warning")
        return None

    def _tell(self, request: HttpRequest, count: int, what: str) -> None:
        self.message_user(request, f"{count:,} picture{'' if count == 1 else 's'} {what}.")


@admin.register(Batch)
class BatchAdmin(Curation):
    list_display = ("pictures", "said", "made_for", "made", "model", "size", "took", "error", "created")
    list_display_links = ("said",)
    list_filter = (
        WhereFilter,
        FavouriteFilter,
        MadeFilter,
        MakerFilter,
        ("model", ValuesFilter),
        ("size", ValuesFilter),
        "created",
    )
    list_select_related = ("person",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        images = Prefetch("images", queryset=Image.objects.order_by("position").select_related("batch"))
        return super().get_queryset(request).prefetch_related(images)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["all_pictures", *super().get_readonly_fields(request, obj)]

    @admin.display(description="pictures")
    def pictures(self, batch: Batch) -> SafeString:
        images = list(batch.images.all())
        more = f" +{len(images) - SHOWN}" if len(images) > SHOWN else ""
        return format_html("{}{}", _row(images[:SHOWN]), more)

    @admin.display(description="pictures")
    def all_pictures(self, batch: Batch) -> SafeString:
        return _row(list(batch.images.all()))

    @admin.display(description="prompt", ordering="words")
    def said(self, batch: Batch) -> str:
        return Truncator(batch.words).chars(80) or "–"

    @admin.display(description="for", ordering="person")
    def made_for(self, batch: Batch) -> str:
        return maker(batch) if not batch.origin else "–"

    @admin.display(description="took", ordering="seconds")
    def took(self, batch: Batch) -> str:
        return f"{batch.seconds:.1f} s" if batch.seconds else "–"

    @admin.display(description="made", ordering="origin")
    def made(self, batch: Batch) -> str:
        return batch.origin or "here"


@admin.register(Image)
class ImageAdmin(Curation):
    list_display = (
        "picture",
        "said",
        "position",
        "seed",
        "made_with",
        "width",
        "height",
        "favourite",
        "where",
        "created",
    )
    list_display_links = ("said",)
    list_filter = (
        WhereFilter,
        FavouriteFilter,
        MadeFilter,
        MakerFilter,
        ("batch__model", ValuesFilter),
        ("batch__size", ValuesFilter),
        "created",
    )
    list_select_related = ("batch",)
    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["picture", *super().get_readonly_fields(request, obj)]

    @admin.display(description="picture")
    def picture(self, image: Image) -> SafeString:
        return _row([image])

    @admin.display(description="prompt", ordering="batch__words")
    def said(self, image: Image) -> str:
        return Truncator(image.batch.words).chars(60) or "–"

    @admin.display(description="model", ordering="batch__model")
    def made_with(self, image: Image) -> str:
        return image.batch.model or "–"

    @admin.display(description="where")
    def where(self, image: Image) -> str:
        if image.missing:
            return "file missing"
        return "trash" if image.deleted else "library"


def _row(images: list[Image]) -> SafeString:
    """Small pictures, each a link to its page; those of the trash lead there, a missing one is a word."""
    return format_html_join(" ", "{}", ((_small(image),) for image in images))


def _small(image: Image) -> SafeString:
    if image.missing:
        return format_html('<span class="small-picture">{}</span>', "missing")
    page = reverse("library:trash") if image.deleted else image.page_url
    source = reverse("library:trash-thumbnail", args=(image.uuid,)) if image.deleted else image.thumbnail_url
    name = f"Image {image.position} of: {Truncator(image.batch.words).chars(60)}"
    kind = " in-trash" if image.deleted else " starred" if image.favourite else ""
    return format_html(
        '<a class="small-picture{}" href="{}"><img src="{}" alt="{}" loading="lazy"></a>', kind, page, source, name
    )
