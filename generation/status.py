"""How the workers are, as every page shows it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from generation import defaults
from generation.engine.recipe import Recipe
from generation.fingerprint import fingerprint
from generation.heartbeat import SILENCE, Watch
from generation.limits import Limit, limit
from generation.models import KnownModel, Pause, Worker
from library.models import Shelf

NONE, PAUSED = "none", "paused"

_WORDS = {
    Worker.State.STARTING: "The worker is starting.",
    Worker.State.LOADING: "The model is being loaded.",
    Worker.State.READY: "Ready.",
    Worker.State.GENERATING: "Making pictures.",
    Worker.State.FAILED: "The worker has no model it can use.",
    PAUSED: "Paused. Jobs wait until its owner resumes.",
    NONE: "No worker is running. Jobs wait until its owner starts it: make run, or manage.py worker.",
}
_BEST_FIRST = (
    Worker.State.GENERATING,
    Worker.State.READY,
    PAUSED,
    Worker.State.LOADING,
    Worker.State.STARTING,
    Worker.State.FAILED,
)
_watch = Watch()


@dataclass(frozen=True)
class Status:
    """The best that any living worker can say."""

    state: str
    worker: Worker | None = None
    lanes: int = 0
    """Workers that can make pictures."""
    fitting: int = 0
    """px that fit into the memory of every one of these; 0 until it is measured."""
    pause: str | None = None
    """The reason why no worker begins another group, "" where none was given; None: nothing is paused."""
    library_fault: str = ""
    """Why the library's folder cannot be used, so that nothing is made either."""
    others: str = ""
    """What the other living workers say is wrong with them."""

    @property
    def words(self) -> str:
        if self.state == Worker.State.FAILED and self.worker and self.worker.notice:
            return self.worker.notice
        return f"Paused: {self.pause}" if self.state == PAUSED and self.pause else _WORDS[self.state]

    @property
    def is_coming(self) -> bool:
        return self.state in (Worker.State.STARTING, Worker.State.LOADING)

    @property
    def seconds_to_ready(self) -> float | None:
        """How long loading will take yet, as far as known."""
        if not (self.worker and self.worker.ready_by) or not (self.is_coming or self.worker.loading):
            return None
        return max(0.0, (self.worker.ready_by - timezone.now()).total_seconds())

    @property
    def is_up(self) -> bool:
        """Whether a model is loaded and can be used."""
        return self.state in (Worker.State.READY, Worker.State.GENERATING, PAUSED)

    @property
    def speed(self) -> float:
        """Seconds per picture, step and megapixel; 0.0 while nobody knows."""
        return self.worker.speed if self.worker else 0.0

    @property
    def model(self) -> str:
        return self.worker.model if self.worker else ""

    @property
    def is_demo(self) -> bool:
        return bool(self.worker and self.worker.is_demo)

    @property
    def notice(self) -> str:
        own = self.worker.notice if self.worker and self.state != Worker.State.FAILED else ""
        return f"{own} {self.others}".strip()

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a request means where it leaves a setting out, with the model in use (or about to be)."""
        if self.worker and self.worker.model:
            return defaults.values(self.worker.model_defaults)
        first = KnownModel.objects.usable().first()
        if first is None and (found := defaults.choice().checkpoints):  # no worker has ever looked
            return defaults.values(found[0].defaults)
        return defaults.values(first.defaults if first else {})

    @property
    def loading(self) -> str:
        """The model that a job waits for just now."""
        return self.worker.loading if self.worker else ""

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models that are loaded, the last used first."""
        return tuple(self.worker.loaded) if self.worker else ()

    @property
    def active(self) -> str:
        """The model that is at work, else the default one."""
        at_work = self.worker.loaded[:1] if self.worker and self.state == Worker.State.GENERATING else []
        return str(at_work[0]) if at_work else self.model

    @cached_property
    def limit(self) -> Limit:
        """How large a picture may be."""
        return limit(measured=self.fitting, usual=Recipe(prompt="", seed=0, **self.defaults).pixels)

    @property
    def seconds_per_image(self) -> float:
        """Of a picture with the default settings; 0.0 while nobody knows."""
        return self.speed and self.speed * Recipe(prompt="", seed=0, **self.defaults).work

    @property
    def version(self) -> str:
        """Changes whenever what people see does."""
        told = (self.state, self.model, self.active, self.loading, self.is_demo, self.notice, self.pause)
        return fingerprint(self.worker and self.worker.pk, *told, self.library_fault)


def current() -> Status:
    """One query, while the library's folder is there."""
    workers = list(Worker.objects.defer("preview").annotate(pause=Subquery(Pause.objects.values("reason")[:1])))
    _watch.forget_all_but({worker.pk for worker in workers})
    living = {worker: _state_of(worker, worker.pause) for worker in workers if _is_alive(worker)}
    fault = Shelf.objects.hindrance()
    if not living:
        return Status(NONE, library_fault=fault)
    best = min(living, key=lambda worker: _BEST_FIRST.index(living[worker]))
    able = [worker for worker in living if worker.state in (Worker.State.READY, Worker.State.GENERATING)]
    fitting = min((worker.max_pixels for worker in able if worker.max_pixels), default=0)
    others = " ".join({worker.notice: None for worker in living if worker.notice not in ("", best.notice)})
    return Status(living[best], best, len(able), fitting, best.pause, fault, others)


def _state_of(worker: Worker, pause: str | None) -> str:
    return PAUSED if pause is not None and worker.state == Worker.State.READY else worker.state


def _is_alive(worker: Worker) -> bool:
    silence = _watch.silence(worker.pk, worker.beats)
    if silence is None or not _watch.has_moved(worker.pk):
        # Not known yet; the wall clock is good enough for a guess on a page.
        silence = abs((timezone.now() - worker.seen).total_seconds())
    return silence < SILENCE


def context(request: HttpRequest) -> dict[str, Any]:
    """`status` for every page, asked for only where a template uses it."""
    return {"status": SimpleLazyObject(current)}
