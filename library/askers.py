"""Who asks, and whose a batch or a job is: the account's that it was made for, else the browser's that has its mark."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.http import HttpRequest

A_VISITOR = "a visitor"


class Work(Protocol):
    """A batch or a job. Neither app knows the other's."""

    visitor: Any
    person_id: Any
    person: Any


@dataclass(frozen=True)
class Asker:
    visitor: str = ""
    """A random mark, the browser's; empty where none was given, and for programs without a cookie."""
    person: AbstractUser | None = None
    """Who is signed in."""

    def made(self, work: Work) -> bool:
        """Whoever signs in keeps what the browser has made before; what an account has made is nobody else's."""
        if work.person_id is not None:
            return self.person is not None and work.person_id == self.person.pk
        return bool(self.visitor) and bool(work.visitor == self.visitor)

    @property
    def works(self) -> Q:
        """What asks for the batches, or the jobs, of which the same is true."""
        unsigned = Q(person=None, visitor=self.visitor) if self.visitor else Q(pk__in=[])
        return Q(person=self.person) | unsigned if self.person else unsigned

    @property
    def key(self) -> str:
        """The same for the same person, in whatever browser, and for the same browser of somebody unknown."""
        return f"person {self.person.pk}" if self.person else self.visitor


NOBODY = Asker()


def asker_of(request: HttpRequest) -> Asker:
    """Where the site gives no marks, or nobody is signed in, that much is empty."""
    user: Any = getattr(request, "user", None)
    return Asker(str(getattr(request, "visitor", "")), user if user and user.is_authenticated else None)


def maker(work: Work) -> str:
    """The name of whoever asked for it, as everybody sees it."""
    return str(work.person.get_username()) if work.person_id is not None else A_VISITOR
