"""Invitations, and tokens for programs. A person is Django's own user."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone

from people import secret

SCOPES = ("read", "generate", "delete")
"""What a token may be good for."""
RARELY = timedelta(minutes=1)
"""Between two notes of when a token was used: not every question is worth a write."""


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


class TokenQuerySet(models.QuerySet["Token"]):
    def make(self, person: User, *, name: str, scopes: Iterable[str]) -> "tuple[Token, str]":
        """(the token, its secret, which is told this once)."""
        told = secret.new()
        held = " ".join(scope for scope in SCOPES if scope in set(scopes))
        return self.create(person=person, name=name, scopes=held, digest=secret.digest_of(told)), told

    def usable(self) -> "TokenQuerySet":
        return self.filter(revoked=None, person__is_active=True)

    def called(self, told: str) -> "Token | None":
        """Looked up by its hash, from which nobody who measures times learns anything of it."""
        digest = secret.digest_of(told)
        found = self.usable().select_related("person").filter(digest=digest).first()
        return found if found and secret.is_same(found.digest, digest) else None


class Token(models.Model):
    """Lets a program speak for a person, as far as its scopes reach."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=50, help_text="What it is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of its secret.")
    scopes = models.CharField(max_length=64, help_text="Of read, generate and delete, with spaces between.")
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        return scope in self.scopes.split()

    def use(self) -> None:
        """Note that it was used just now."""
        now = timezone.now()
        long_ago = Q(last_used=None) | Q(last_used__lt=now - RARELY)
        if self.last_used is None or self.last_used < now - RARELY:
            Token.objects.filter(long_ago, pk=self.pk).update(last_used=now)

    def revoke(self) -> bool:
        """False: it was revoked before."""
        return bool(Token.objects.filter(pk=self.pk, revoked=None).update(revoked=timezone.now()))
