from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from library.models import Batch, Image


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the site itself writes; actions may still change them."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ("words", "created", "seconds", "error")
    search_fields = ("words",)


@admin.register(Image)
class ImageAdmin(ReadOnlyAdmin):
    list_display = ("batch", "position", "seed", "width", "height", "created", "deleted")
    list_select_related = ("batch",)
