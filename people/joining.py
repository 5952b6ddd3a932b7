"""From an invitation to an account."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from people.forms import JoinForm
from people.models import Invitation


class Gone(Exception):
    """Nobody can come in by this invitation any more."""


def join(invitation: Invitation, form: JoinForm) -> User | None:
    """The new person. None: the form says what is wrong, and the invitation stays open.

    Raises:
        Gone: of two who come at the same moment it is the second.
    """
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            if not invitation.take():
                raise Gone
            person: User = form.save()
            Invitation.objects.filter(pk=invitation.pk).update(person=person)
    except IntegrityError:
        form.add_error("username", "Somebody has just taken this name. Choose another.")
        return None
    return person
