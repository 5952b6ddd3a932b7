"""The filters of a search (`name:value`): how each value is written, and what it asks of a batch."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

Read = Callable[[str], str]
"""Gives a value in its usual form. Raises ValueError where it is none."""

NUMBER = "a number, such as {0}, >{0}, <={0} or {0}..{1}"
YEARS = range(1970, 3000)


@dataclass(frozen=True)
class Filter:
    takes: str
    """What it takes, as it stands in a sentence."""
    read: Read
    condition: Callable[[str], Q] | None = None
    """What a value asks of a batch; None where that needs more than its row."""


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError
    return " ".join(value.split())[:255]


def _one_of(*names: str) -> Read:
    def read(value: str) -> str:
        if value.lower() not in names:
            raise ValueError
        return value.lower()

    return read


def _span(number: str) -> Read:
    """A number, a comparison or a range; what is longer than any real number is none."""
    pattern = re.compile(rf"(>=|<=|>|<)?({number})|({number})\.\.({number})")

    def read(value: str) -> str:
        if not pattern.fullmatch(value.replace(" ", "")):
            raise ValueError
        return value.replace(" ", "")

    return read


def _maker(value: str) -> str:
    """An account's name as it may be; or one of two words, which are nobody's name."""
    if not re.fullmatch(r"[\w.@+-]{1,150}", value):
        raise ValueError
    return value.lower() if value.lower() in ("me", "visitor") else value


_COMPARISONS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt", "": "exact"}


def span(field: str) -> Callable[[str], Q]:
    def condition(value: str) -> Q:
        low, dots, high = value.partition("..")
        if dots:
            return Q(**{f"{field}__range": (float(low), float(high))})
        sign = re.match("[<>=]*", value)[0]  # type: ignore[index]
        return Q(**{f"{field}__{_COMPARISONS[sign]}": float(value[len(sign) :])})

    return condition


def _size(value: str) -> str:
    match = re.fullmatch(r"([0-9]{1,5})[x×*]([0-9]{1,5})", value.lower())
    if not match:
        raise ValueError
    return f"{int(match[1])}x{int(match[2])}"


def _day(value: str) -> str:
    if value.lower() in ("today", "yesterday"):
        return value.lower()
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) or date.fromisoformat(value).year not in YEARS:
        raise ValueError
    return value


def _midnight(value: str, later: int = 0) -> datetime:
    """The beginning of the day, or of one some days later, by this site's clock."""
    today = timezone.localdate()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    day = named.get(value) or date.fromisoformat(value)
    return timezone.make_aware(datetime.combine(day + timedelta(days=later), datetime.min.time()))


DAY = "a day, such as 2026-05-31, today or yesterday"
WHOLE, DECIMAL = "[0-9]{1,15}", r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
FILTERS = {
    "model": Filter("a name", _text, lambda value: Q(model__iexact=value)),
    "size": Filter("a size, such as 512x512", _size, lambda value: Q(size__iexact=value)),
    "seed": Filter(NUMBER.format(42, 50), _span(WHOLE)),
    "steps": Filter(NUMBER.format(20, 30), _span(WHOLE), span("steps")),
    "sampler": Filter("a name", _text, lambda value: Q(sampler__iexact=value)),
    "guidance": Filter(NUMBER.format(7.5, 9), _span(DECIMAL), span("guidance_scale")),
    "by": Filter("me, visitor or a name", _maker),
    "after": Filter(DAY, _day, lambda value: Q(created__gte=_midnight(value))),
    "before": Filter(DAY, _day, lambda value: Q(created__lt=_midnight(value, 1))),
    "date": Filter(DAY, _day, lambda value: Q(created__gte=_midnight(value), created__lt=_midnight(value, 1))),
    "fav": Filter("yes or no", _one_of("yes", "no")),
    "source": Filter("yes or no", _one_of("yes", "no"), lambda value: Q(source__isnull=value == "no")),
}
"""By their names, in the order in which they are written."""
