"""People are Django's own users, which its admin has already. Here: one page to sign in, invitations, tokens."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache

from people.gates import NOT_STAFF
from people.models import Invitation, Token


@never_cache
def to_sign_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """In place of the admin's own page to sign in: the site's has the lock-out, and looks like the site."""
    if request.user.is_authenticated:
        raise PermissionDenied(NOT_STAFF)
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


admin.site.login = to_sign_in  # type: ignore[method-assign]


class RevokingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What was given to somebody: it can be looked at and revoked, and nothing else."""

    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description="Revoke the selected ones", permissions=["change"])
    def revoke(self, request: HttpRequest, given: QuerySet[Any]) -> None:
        revoked = sum(one.revoke() for one in given)
        self.message_user(request, f"{revoked} of {len(given)} revoked; the others were over.")


@admin.register(Invitation)
class InvitationAdmin(RevokingAdmin):
    list_display = ("__str__", "made_by", "created", "expires", "person", "state")
    list_select_related = ("made_by", "person")


@admin.register(Token)
class TokenAdmin(RevokingAdmin):
    list_display = ("name", "person", "scopes", "created", "last_used", "revoked")
    list_select_related = ("person",)
    search_fields = ("name", "person__username")
