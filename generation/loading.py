"""Which model a worker makes pictures with: the default at its start, then whatever a job names."""

import logging
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from generation import defaults, downloads, paces, registry
from generation.engine.base import Engine, OutOfMemory, Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.recipe import Recipe
from generation.models import KnownModel, Pace, Worker
from generation.models.workers import together

if TYPE_CHECKING:
    from generation.worker import WorkerProcess

logger = logging.getLogger(__name__)

GONE = (
    "The model {} is not there any more. Choose another one, or have its file put back into the models' folder, "
    "and send it again."
)
ANOTHER = "Choose another one; the owner of this site may look at its file."


class NoModel(Exception):
    """The model that a job names cannot be had; the text says why, and what to do."""


@dataclass(frozen=True)
class InUse:
    name: str
    group_size: int


class Loader:
    """Loads models for one worker, and keeps its row true about them."""

    def __init__(self, process: "WorkerProcess") -> None:
        self._process = process
        self.choice = registry.choice()
        self._unreadable: list[str] = []

    # The default

    def load_default(self, engine: Engine) -> bool:
        """Load the first model that can be; the others' faults go into the notice."""
        self._unreadable = []
        for checkpoint in self.choice.checkpoints:
            try:
                checkpoint = self._here(checkpoint)
                with registry.survived(checkpoint):
                    engine.load(checkpoint)
                    measured = engine.warm_up(_default_recipe(checkpoint))
            except (Unreadable, OutOfMemory) as error:
                self._unreadable.append(str(error))
                _note(checkpoint, error)
                continue
            registry.note_measured(checkpoint.source, measured)
            self._process.set(
                state=Worker.State.READY,
                model=checkpoint.name,
                model_defaults=_defaults_of(checkpoint),
                is_demo=checkpoint.is_demo,
                group_size=measured.group_size,
                speed=measured.seconds,
                max_pixels=measured.max_pixels,
                notice=self.notice,
                loaded=_names(engine),
            )
            return True
        self._process.set(state=Worker.State.FAILED, notice=self.notice, loaded=[])
        return False

    def _here(self, checkpoint: Checkpoint) -> Checkpoint:
        """With its files on this machine. Raises Unreadable, or downloads.Stopped."""
        found = downloads.fetched(checkpoint, self._process)
        if found.source != checkpoint.source:
            self.choice = registry.choice()
            registry.write(self.choice)
        return found

    @property
    def notice(self) -> str:
        said = [*map(str, self.choice.problems), *self._unreadable, self._process.deaf]
        return " ".join(filter(None, said))

    @property
    def start(self) -> str:
        """The kind of start, by the first model that will be tried."""
        names = [checkpoint.name for checkpoint in self.choice.checkpoints]
        return f"start with {' '.join(names[:1])}"[:400]

    def ready_by(self) -> datetime | None:
        """When the first model will be loaded, as far as earlier starts tell."""
        return _in(Pace.objects.known([self.start]).get(self.start))

    def has_other_default(self) -> bool:
        """Whether another model than the one at the start would be loaded now. What else has changed is taken over."""
        found = registry.choice()
        if found == self.choice:
            return False
        row = self._process.row
        tried = next((n for n, one in enumerate(self.choice.checkpoints, 1) if one.name == row.model), None)
        if row.state == Worker.State.FAILED or self.choice.checkpoints[:tried] != found.checkpoints[:tried]:
            return True
        self.choice = found
        self._process.set(notice=self.notice)
        return False

    # What a job names

    def use(self, recipe: Recipe) -> InUse:
        """Make the model that the recipe names, or the default, the one that pictures are made with. Raises NoModel."""
        process, engine = self._process, self._process.engine
        assert engine  # noqa: S101  no job is claimed without
        name = recipe.model or process.row.model
        checkpoint = registry.choice().called(name)
        if checkpoint is None:
            raise NoModel(GONE.format(name))
        size = self._measured_group(recipe, checkpoint)
        is_proven = size and checkpoint in engine.loaded
        try:
            with nullcontext() if is_proven else registry.survived(checkpoint):
                self._switch(engine, checkpoint)
                size = size or self._measure(recipe, engine, checkpoint)
        except (Unreadable, OutOfMemory) as error:
            _note(checkpoint, error)
            raise NoModel(f"{error} {ANOTHER}") from error
        finally:
            process.set(loading="", ready_by=None, loaded=_names(engine))
        return InUse(name, size)

    def _switch(self, engine: Engine, checkpoint: Checkpoint) -> None:
        row, is_kept = self._process.row, checkpoint in engine.loaded
        began = time.monotonic()
        if not is_kept:
            seconds = paces.seconds_to_load([checkpoint.name], row).get(checkpoint.name)
            self._process.set(loading=checkpoint.name, ready_by=_in(seconds))
        engine.load(checkpoint)
        if not is_kept:
            paces.learn_loading(checkpoint.name, time.monotonic() - began, row)

    def _measured_group(self, recipe: Recipe, checkpoint: Checkpoint) -> int:
        """How many pictures are made together, as measured when the model was first loaded here; 0: never yet."""
        if checkpoint.name == self._process.row.model:
            return self._process.row.group_for(recipe)
        known = KnownModel.objects.filter(path=registry.path_of(checkpoint.source)).first()
        return together(recipe, known.group_size, known.max_pixels) if known and known.group_size else 0

    def _measure(self, recipe: Recipe, engine: Engine, checkpoint: Checkpoint) -> int:
        measured = engine.warm_up(_default_recipe(checkpoint))
        registry.note_measured(checkpoint.source, measured)
        return together(recipe, measured.group_size, measured.max_pixels)


def _names(engine: Engine) -> list[str]:
    return [checkpoint.name for checkpoint in engine.loaded]


def _note(checkpoint: Checkpoint, error: Exception) -> None:
    """What is wrong with a file holds until it changes; memory may be there the next time."""
    logger.warning("%s", error)
    if isinstance(error, Unreadable):
        KnownModel.objects.filter(path=registry.path_of(checkpoint.source)).update(problem=str(error))


def _defaults_of(checkpoint: Checkpoint) -> dict[str, object]:
    """What the registry found out, which knows its family's, too."""
    row = KnownModel.objects.filter(path=registry.path_of(checkpoint.source)).exclude(defaults={}).first()
    return row.defaults if row else dict(checkpoint.defaults)


def _default_recipe(checkpoint: Checkpoint) -> Recipe:
    return Recipe(prompt="", seed=0, **defaults.values(_defaults_of(checkpoint)))


def _in(seconds: float | None) -> datetime | None:
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)
