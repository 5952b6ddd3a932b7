"""The process that makes pictures: it holds a device, keeps models loaded and shows that it lives."""

import logging
import os
import platform
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone

from generation import defaults, downloads, paces, queue, registry
from generation.engine import memory
from generation.engine.base import Engine
from generation.engine.measuring import USUAL
from generation.engine.recipe import Recipe
from generation.engine.safety import SafetyCatch
from generation.heartbeat import BEAT, SILENCE, Watch
from generation.loading import Loader
from generation.models import Job, Pace, Pause, Worker
from generation.slots import Slot, SlotTaken
from library import scanning

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # s between two looks for work or models that nobody told of

DEAF = (
    "The Redis server that wakes the worker does not answer. Jobs wait until it does, and then go on; "
    "the owner of this site has to start it, or correct REDIS_URL."
)


class GivenUp(Exception):
    """Others took this worker for dead and put its job back: it must change nothing more."""


class WorkerProcess:
    """This process's life as a worker. There is at most one, `current`."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """
        Args:
            stopping: whether the process was asked to stop; looked at after every step.
        """
        self.stopping = stopping
        self.row = Worker.objects.create(host=platform.node(), pid=os.getpid())
        self.engine: Engine | None = None
        self.catch: SafetyCatch | None = None
        """What looks at every picture before it is stored; None where the operator wants none."""
        self.working = threading.Lock()
        """Held while jobs are claimed and made, so that the heartbeat knows what nobody is working on."""
        self._slot: Slot | None = None
        self._watch = Watch()
        self.deaf = ""
        """Why it cannot be woken, in words for people."""
        self.fetching = 0.0
        """s that a download took at the start."""
        self.models = Loader(self)
        self._downloads = downloads.Downloads(self)
        self._ended = threading.Event()
        self._studying = threading.Thread(target=self._study_on, name="registry", daemon=True)
        self._beating = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        self._beating.start()
        self._watching = threading.Thread(target=scanning.watch, args=(self._ended,), name="library", daemon=True)
        self._watching.start()

    def open(self, *, wait: bool) -> bool:
        """Take the device and load the model. False: asked to stop meanwhile.

        Args:
            wait: until the device is free, saying so on every page; else SlotTaken is raised.
        """
        from generation.engine.diffusion import DiffusionEngine

        began = time.monotonic()
        self.set(state=Worker.State.STARTING, ready_by=self.models.ready_by())
        engine = DiffusionEngine(settings.PLAYGROUND_DEVICE, defaults.lora_folder())
        if settings.PLAYGROUND_SAFETY_CHECKER:
            self.catch = SafetyCatch(settings.PLAYGROUND_MODELS, engine.device)
        if not self._take_slot(settings.PLAYGROUND_SLOT or engine.slot, wait=wait):
            return False
        Worker.objects.filter(host=self.row.host, slot=self.row.slot).exclude(pk=self.row.pk).delete()
        queue.recover()
        self.set(state=Worker.State.LOADING, device=str(engine.device), notice="")
        registry.write(self.models.choice, anew=True)
        try:
            is_loaded = self.models.load_default(engine)
        except downloads.Stopped:
            return False
        self._studying.start()  # hashing takes the disk's time
        if is_loaded:
            self.engine = engine
            seconds = time.monotonic() - began - self.fetching
            usual = Recipe(prompt="", seed=0, **defaults.values(self.row.model_defaults))
            Pace.objects.learn(self.models.start, seconds)
            logger.info(
                "Ready after %.1f s: %s on %s (%s), groups of %d, %.2f s a picture, %.1f million px fit at once.",
                seconds,
                self.row.model,
                engine.device,
                str(engine.dtype).removeprefix("torch."),
                self.row.group_for(usual),
                usual.work * self.row.speed,
                self.row.max_pixels / 1e6,
            )
        return not self.stopping()

    def _take_slot(self, name: str, *, wait: bool) -> bool:
        slot = Slot(name, settings.PLAYGROUND_RUN)
        while not self.stopping():
            try:
                slot.take()
            except SlotTaken as taken:
                if not wait:
                    raise
                if self.row.notice != str(taken):
                    logger.warning("%s This one waits until it ends.", taken)
                    self.set(notice=str(taken))
                time.sleep(0.5)
            else:
                self._slot = slot
                self.set(slot=name)
                return True
        return False

    @property
    def is_paused(self) -> bool:
        return Pause.objects.exists()

    def set(self, **fields: Any) -> None:
        """Write `fields` of this worker's row."""
        for name, value in fields.items():
            setattr(self.row, name, value)
        Worker.objects.filter(pk=self.row.pk).update(**fields)

    def learn(self, seconds: float, recipe: Recipe, size: int) -> None:
        """Correct what is known of the speed by a group of `size` pictures that took `seconds`."""
        paces.learn_group(recipe, size, seconds, self.row)
        if size > USUAL:  # its pictures take less time than those of most jobs
            return
        measured = seconds / (size * recipe.work)
        registry.note_speed(recipe.model, measured)
        if recipe.model == self.row.model:
            self.set(speed=0.5 * self.row.speed + 0.5 * measured)

    def close(self) -> None:
        """Go in good order: what was held is free at once."""
        self._ended.set()
        for thread in (self._beating, self._studying, self._watching):
            if thread.is_alive():
                thread.join(BEAT)
        Worker.objects.filter(pk=self.row.pk).delete()
        if self._slot:
            self._slot.release()

    # What the registry's thread does: looking into models, and hashing them, may take longer than a beat.

    def _study_on(self) -> None:
        written = self.models.choice
        while not self._ended.is_set():
            try:
                registry.hash_all(self._ended.is_set)
                self._ended.wait(LOOK_EVERY)
                found = registry.choice()
                if found != written:
                    registry.write(found)
                    written = found
            except DatabaseError:
                connection.close()
            except Exception:  # the models can be used without
                logger.exception("The models could not be looked into.")
                self._ended.wait(LOOK_EVERY)
        connection.close()

    # What the heartbeat's thread does. It has a database connection of its own.

    def _beat_on(self) -> None:
        looked = time.monotonic()
        while not self._ended.wait(BEAT):
            try:
                self._beat()
                if time.monotonic() - looked >= LOOK_EVERY:
                    looked = time.monotonic()
                    self._look()
            except DatabaseError:
                logger.warning("The database does not answer; trying again.")
                connection.close()
            except GivenUp:
                # Python cannot stop the other thread in the middle of its work; whatever it holds is lost anyway.
                logger.warning("This worker was taken for dead and is replaced by a new one.")
                os._exit(1)
            except Exception:  # without this thread everybody would take the worker for dead
                logger.exception("Something went wrong beside the work; the worker goes on.")
        connection.close()

    def _beat(self) -> None:
        alive = {"beats": F("beats") + 1, "seen": timezone.now(), "memory": memory.resident()}
        if self.engine:
            alive["device_memory"] = memory.on_device(self.engine.device)
        if not Worker.objects.filter(pk=self.row.pk).update(**alive):
            raise GivenUp

    def _look(self) -> None:
        """Give up silent workers, see to forgotten jobs, and start anew when another model is the default."""
        self._give_up_silent_workers()
        queue.recover()
        self._downloads.look()
        if self._slot is None or not self.working.acquire(blocking=False):
            return
        try:
            self._look_while_idle()
        finally:
            self.working.release()

    def _look_while_idle(self) -> None:
        self.let_go()
        if self.row.state in (Worker.State.READY, Worker.State.FAILED) and self.models.has_other_default():
            logger.info("Another model is the default now; starting anew with it.")
            os._exit(0)
        if self.engine and not self.is_paused and (self.deaf or Job.objects.waiting().exists()):
            self._ring()

    def _ring(self) -> None:
        deaf = "" if queue.ring() else DEAF
        if deaf != self.deaf:
            self.deaf = deaf
            self.set(notice=self.models.notice)

    def let_go(self) -> None:
        """Put back what this worker seems to run although it does not: the database was away when it ended."""
        if self.row.state == Worker.State.GENERATING:
            self.set(state=Worker.State.READY)
        if Job.objects.filter(state=Job.State.RUNNING, worker=self.row).update(worker=None):
            queue.recover()

    def _give_up_silent_workers(self) -> None:
        others = list(Worker.objects.exclude(pk=self.row.pk))
        self._watch.forget_all_but({other.pk for other in others})
        for other in others:
            silence = self._watch.silence(other.pk, other.beats)
            if silence is not None and silence >= SILENCE:
                logger.warning("%s has been silent for %.0f s: given up.", other, silence)
                Worker.objects.filter(pk=other.pk, beats=other.beats).delete()


current: WorkerProcess | None = None
