"""Which batches a search finds, and which are their neighbours."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from library import lookups
from library.askers import NOBODY, Asker
from library.filters import FILTERS, span
from library.search import Search

if TYPE_CHECKING:
    from library.models import Batch

lookups.register()
Row = TypeVar("Row", bound=models.Model)


class Finding(models.QuerySet[Row]):
    """The part of a batch's queryset that asks; nothing here writes."""

    def matching(self, search: Search, *, asker: Asker = NOBODY) -> Self:
        """Those that the search finds; `by:me` are those of `asker`."""
        found = self
        if wanted := [phrase for phrase in search.phrases if not phrase.is_excluded]:
            found = found.filter(words__has=wanted)
        if excluded := [phrase for phrase in search.phrases if phrase.is_excluded]:
            found = found.filter(~Q(words__has_any=excluded))
        for name, value in search.filters.items():
            found = found.filter(_condition(name, value, asker))
        return found

    def older(self, batch: "Batch") -> Self:
        """Those that come after it in the library, in that order."""
        beyond = Q(created__lte=batch.created) & (Q(created__lt=batch.created) | Q(pk__lt=batch.pk))
        return self.filter(beyond).order_by("-created", "-pk")

    def newer(self, batch: "Batch") -> Self:
        """Those that come before it in the library, the nearest first."""
        beyond = Q(created__gte=batch.created) & (Q(created__gt=batch.created) | Q(pk__gt=batch.pk))
        return self.filter(beyond).order_by("created", "pk")

    def changed_since(self, moment: datetime) -> Self:
        return self.filter(changed__gt=moment).order_by("-changed")


def _condition(name: str, value: str, asker: Asker) -> Q:
    """What one filter asks of a batch."""
    if name == "fav":
        starred = Q(pk__among=images().kept().filter(favourite=True).values("batch"))
        return starred if value == "yes" else ~starred
    if name == "seed":  # one seed may be that of any picture; a span is about the first
        return Q(pk__in=images().filter(seed=value).values("batch")) if value.isdigit() else span("seed")(value)
    if name == "by":
        return _made_by(value, asker)
    condition = FILTERS[name].condition
    return condition(value) if condition else Q()


def _made_by(value: str, asker: Asker) -> Q:
    if value == "me":
        return asker.works
    if value == "visitor":
        return Q(person=None, origin="")  # what was brought in has no maker here
    return Q(person__in=get_user_model()._default_manager.filter(username__iexact=value).values("pk"))


def images() -> Any:
    """The manager of the images, which are defined after their batches."""
    return apps.get_model("library.Image")._default_manager
