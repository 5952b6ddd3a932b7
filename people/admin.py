"""People are Django's own users, which its admin has already. Here: one page to sign in, and the invitations."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache

from people.gates import NOT_STAFF
from people.models import Invitation


@never_cache
def to_sign_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """In place of the admin's own page to sign in: the site's has the lock-out, and looks like the site."""
    if request.user.is_authenticated:
        raise PermissionDenied(NOT_STAFF)
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


admin.site.login = to_sign_in  # type: ignore[method-assign]


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("note", "made_by", "created", "expires", "person", "state")
    list_select_related = ("made_by", "person")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    @admin.action(description="Revoke selected invitations", permissions=["change"])
    def revoke(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        revoked = sum(invitation.revoke() for invitation in invitations)
        self.message_user(request, f"{revoked} of {len(invitations)} invitations revoked; the others were over.")
