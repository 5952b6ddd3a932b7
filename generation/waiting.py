"""How many jobs may wait: of one visitor, from one address, and in all."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from generation.models import Job
from generation.senders import Sender

LOCK = 0x506C6179  # a number that no other lock of the database has


class Full(Exception):
    """As many jobs wait as may; the message is a sentence for people."""

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        """s"""


@dataclass(frozen=True)
class Limit:
    most: int
    """0: as many as anybody likes."""
    jobs: Q
    """Those that it is about."""
    words: str


def of(sender: Sender) -> list[Limit]:
    """The limits that a job of the sender has to keep, the narrowest first."""
    limits = [
        Limit(
            settings.PLAYGROUND_MAX_WAITING if sender.key else 0,
            sender.works,
            "You have {} waiting, which is as many as one visitor may have.",
        ),
        Limit(
            settings.PLAYGROUND_MAX_WAITING_PER_ADDRESS if sender.address else 0,
            Q(address=sender.address),
            "Your address has {} waiting, which is as many as one may have.",
        ),
        Limit(settings.PLAYGROUND_MAX_WAITING_IN_ALL, Q(), "The queue has {} waiting, which is as many as it takes."),
    ]
    return [limit for limit in limits if limit.most]


@dataclass(frozen=True)
class Reached:
    sentence: str
    leaves: int | None
    """The key of the job that has to begin before one more may wait."""


def reached(sender: Sender) -> Reached | None:
    """The narrowest limit that leaves no room for a job of the sender. One query while there is room."""
    limits = of(sender)
    counts = {f"limit{number}": Count("pk", filter=limit.jobs) for number, limit in enumerate(limits)}
    found = Job.objects.waiting().aggregate(**counts)
    for limit, count in zip(limits, found.values(), strict=True):
        if count >= limit.most:
            leaves = Job.objects.waiting().filter(limit.jobs).values_list("pk", flat=True)[count - limit.most :].first()
            return Reached(limit.words.format(f"{count} job{'s' * (count > 1)}"), leaves)
    return None


def take_turns() -> None:
    """From here to the end of the transaction nobody else counts and submits.

    SQLite's transactions exclude each other as they are.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
