"""Keeps the rows of what lies in the models' folder. The worker writes them, and everybody else reads them."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db.models import F

from generation import defaults
from generation.engine import anatomy
from generation.engine.base import Measured, Unreadable
from generation.engine.checkpoints import Checkpoint, Choice
from generation.fingerprint import fingerprint
from generation.models import KnownModel

logger = logging.getLogger(__name__)

DEATHS = 3

KILLS = (
    "{} killed the worker {} times while it was loaded; mostly that means that it needs more memory than there is. "
    "It is left alone until its file changes, or until the site is stopped and started again."
)


def choice() -> Choice:
    """The models that would be tried now, each with what staff says of it."""
    found = defaults.choice()
    rows = KnownModel.objects.there().exclude(prediction_chosen="")
    said = dict(rows.values_list("path", "prediction_chosen"))
    return replace(found, checkpoints=tuple(_told(one, said) for one in found.checkpoints)) if said else found


def _told(checkpoint: Checkpoint, said: dict[str, str]) -> Checkpoint:
    chosen = said.get(path_of(checkpoint.source))
    named = {**checkpoint.defaults, "prediction_type": chosen}
    return replace(checkpoint, defaults=named) if chosen else checkpoint


def path_of(source: Path | str) -> str:
    """As a row keeps it: Linux allows any bytes in a name."""
    return os.fsencode(source).decode(errors="replace")


def write(found: Choice, *, anew: bool = False) -> None:
    """Make the rows say what lies there. Only what is new or has changed is looked into.

    Args:
        anew: look into those that had a problem once more.
    """
    known = {row.path: row for row in KnownModel.objects.all()}
    for place, checkpoint in enumerate(found.checkpoints):
        _write_one(checkpoint, place, known.get(path_of(checkpoint.source)), anew)
    for place, problem in enumerate(found.problems, len(found.checkpoints)):
        fields = {"name": problem.name, "place": place, "problem": problem.sentence, "is_there": True, "looks": ""}
        KnownModel.objects.update_or_create(path=path_of(problem.source), defaults=fields)
    sources = [*(one.source for one in found.checkpoints), *(one.source for one in found.problems)]
    there = [path_of(source) for source in sources]
    KnownModel.objects.there().exclude(path__in=there).update(is_there=False)


@contextmanager
def survived(checkpoint: Checkpoint) -> Iterator[None]:
    """Around whatever may kill this process: until it is over, the process counts as one that died of the model.

    Raises:
        Unreadable: too many did. The text is a sentence.
    """
    row = KnownModel.objects.filter(path=path_of(checkpoint.source))
    if row.filter(deaths__gte=DEATHS).exists():
        raise Unreadable(KILLS.format(checkpoint.name, DEATHS))
    row.update(deaths=F("deaths") + 1)
    try:
        yield
    finally:
        row.update(deaths=0)


def forgive() -> None:
    """Whoever stops the site has seen what is wrong, and may have mended it: everything is tried again."""
    KnownModel.objects.exclude(deaths=0).update(deaths=0)


def _write_one(checkpoint: Checkpoint, place: int, row: KnownModel | None, anew: bool) -> None:
    fields: dict[str, Any] = {"name": checkpoint.name, "place": place, "is_there": True, "is_demo": checkpoint.is_demo}
    size = anatomy.size_of(checkpoint.source)
    looks = fingerprint(checkpoint.modified, size, sorted(checkpoint.defaults.items()))
    is_changed = row is None or row.looks != looks
    if row is None or (row.size, row.modified) != (size, checkpoint.modified):
        fields |= {"sha256": "", "speed": 0.0, "group_size": 0, "max_pixels": 0}
        fields |= {"size": size, "modified": checkpoint.modified, "deaths": 0}
    written, _ = KnownModel.objects.update_or_create(path=path_of(checkpoint.source), defaults=fields)
    if is_changed or (anew and written.problem):
        found = {"looks": looks, **_look_into(checkpoint)}  # only now: it may kill this process
        KnownModel.objects.filter(pk=written.pk).update(**found)


def _look_into(checkpoint: Checkpoint) -> dict[str, Any]:
    try:
        with survived(checkpoint):
            found = anatomy.of(checkpoint)
    except Unreadable as error:
        return {"problem": str(error)}
    except Exception as error:  # libraries raise anything at all for a broken file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        return {"problem": f"{checkpoint.name} cannot be read: {reason}"}
    told = ("family", "words", "numbers", "prediction_type", "is_told", "defaults")
    return {"problem": "", **{name: getattr(found, name) for name in told}}


def hash_all(stopping: Callable[[], bool]) -> None:
    """Fill in the hashes that are missing. One that was changed meanwhile keeps none, and gets its own next time."""
    for row in KnownModel.objects.usable().filter(sha256="").exclude(size=0):
        try:
            found = anatomy.hash_of(Path(row.path), stopping)
        except OSError as error:
            logger.warning("%s has no hash yet: %s.", row.name, error.strerror)
            continue
        KnownModel.objects.filter(pk=row.pk, size=row.size, modified=row.modified).update(sha256=found)


def note_measured(source: Path | str, measured: Measured) -> None:
    KnownModel.objects.filter(path=path_of(source)).update(
        speed=measured.seconds, group_size=measured.group_size, max_pixels=measured.max_pixels
    )


def note_speed(name: str, speed: float) -> None:
    """Correct what is known of a model's speed by what was measured just now."""
    KnownModel.objects.usable().filter(name=name, speed__gt=0).update(speed=0.5 * F("speed") + 0.5 * speed)
