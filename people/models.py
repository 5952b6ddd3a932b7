"""Invitations. A person is Django's own user."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from people import secret


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def make(self, by: User, *, days: int, note: str = "") -> "tuple[Invitation, str]":
        """(the invitation, its secret, which is told this once)."""
        told = secret.new()
        expires = timezone.now() + timedelta(days=days)
        return self.create(digest=secret.digest_of(told), made_by=by, note=note, expires=expires), told

    def open(self) -> "InvitationQuerySet":
        """Those that somebody can still come in by."""
        return self.filter(used=None, revoked=None, expires__gt=timezone.now())

    def called(self, told: str) -> "Invitation | None":
        return self.open().filter(digest=secret.digest_of(told)).first()


class Invitation(models.Model):
    """Lets one person make an account."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of its secret.")
    note = models.CharField(max_length=100, blank=True, help_text="Whom it is for.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="came_by",
        help_text="Who came by it.",
    )  # fmt: skip
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.note or f"of {self.created:%Y-%m-%d}"

    @property
    def state(self) -> str:
        if self.used:
            return "used"
        if self.revoked:
            return "revoked"
        return "open" if self.expires > timezone.now() else "expired"

    def take(self) -> bool:
        """Use it up. False: somebody else has, or it was revoked, or it has expired meanwhile."""
        return self._close(used=timezone.now())

    def revoke(self) -> bool:
        """False: nobody could come in by it any more."""
        return self._close(revoked=timezone.now())

    def _close(self, **fields: object) -> bool:
        return bool(Invitation.objects.open().filter(pk=self.pk).update(**fields))
