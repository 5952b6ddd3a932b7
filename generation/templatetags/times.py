"""Times and places as people read them."""

from datetime import timedelta

from django import template
from django.utils import timezone

register = template.Library()

LONG = 600  # s: from here on people want to know when, not how long
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as minutes and seconds, or hours and minutes.

    >>> clock(26.4), clock(63), clock(3720), clock(None)
    ('0:26', '1:03', '1 h 02', '–')
    """
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60} h {minutes % 60:02d}"


@register.filter
def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(0.4), duration(26.4), duration(63), duration(120), duration(3720)
    ('1 s', '26 s', '1 min 3 s', '2 min', '1 h 2 min')
    """
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


@register.filter
def is_long(seconds: float) -> bool:
    return seconds >= LONG


@register.filter
def about(seconds: float) -> str:
    """How long from now, as a promise: the length of a short wait, the time of day after a long one.

    >>> about(26.4)
    'about 26 s'
    """
    if not is_long(seconds):
        return f"about {duration(seconds)}"
    return f"at about {timezone.localtime(timezone.now() + timedelta(seconds=seconds)):%H:%M}"


@register.filter
def ordinal(number: int) -> str:
    """
    >>> ordinal(3), ordinal(11), ordinal(22), ordinal(112)
    ('third', '11th', '22nd', '112th')
    """
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
