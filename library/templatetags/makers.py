"""Whose a batch or a job is, as whoever looks at it reads it."""

from django import template
from django.http import HttpRequest

from library import askers
from library.askers import Work, asker_of
from library.models import Image
from library.views.deleting import may_delete

register = template.Library()


@register.filter
def is_of(work: Work, request: HttpRequest) -> bool:
    """Whether it was made for whoever looks."""
    return asker_of(request).made(work)


@register.filter
def maker(work: Work, request: HttpRequest) -> str:
    """'you', a name, or 'a visitor'."""
    return "you" if is_of(work, request) else askers.maker(work)


@register.filter
def is_changeable(image: Image, request: HttpRequest) -> bool:
    """Whether whoever looks may delete it or give it a star."""
    return may_delete(request, image)


@register.filter
def maker_filter(work: Work, request: HttpRequest) -> str:
    """What finds all of the same maker in the library."""
    if is_of(work, request):
        return "by:me"
    return f"by:{work.person.get_username()}" if work.person_id is not None else "by:visitor"
