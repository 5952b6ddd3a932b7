"""What many people get alike, made once for all who ask within two seconds.

With a hundred pages open the queue's panel is asked for thirty times a second while something is made, and each time
it has moved on a little. It takes ten times as long as all else that a poll does.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from django.utils.safestring import SafeString

from generation.models import Job
from generation.queue import Place
from library.askers import NOBODY, Asker

T = TypeVar("T")

FRESH = 2.0  # s
KEPT = 32
LONGEST_KEY = 1000  # characters


class Answer(NamedTuple):
    made: float
    told: Any
    jobs: tuple[Job, ...]
    """Those that it shows: to whoever has sent one of them it would be another."""


class Shared(Generic[T]):
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._answers: dict[Hashable, Answer] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def get(self, key: Hashable, asker: Asker = NOBODY) -> T | None:
        """What was made for others within the last two seconds; None where the asker's would be another."""
        with self._lock:
            answer = self._answers.get(key)
        if answer is None or self._clock() - answer.made > FRESH or any(map(asker.made, answer.jobs)):
            return None
        told: T = answer.told
        return told

    def keep(self, key: Hashable, told: T, *, asker: Asker = NOBODY, jobs: Iterable[Job] = ()) -> None:
        shown = tuple(jobs)
        if any(map(asker.made, shown)) or len(repr(key)) > LONGEST_KEY:
            return
        with self._lock:
            now = self._clock()
            fresh = {other: answer for other, answer in self._answers.items() if now - answer.made <= FRESH}
            self._answers = {**dict(list(fresh.items())[-KEPT + 1 :]), key: Answer(now, told, shown)}

    def __len__(self) -> int:
        return len(self._answers)

    def forget(self) -> None:
        with self._lock:
            self._answers = {}


queue_panels: Shared[bytes] = Shared()
outlooks: Shared[dict[str, Any]] = Shared()
queue_rows: Shared[dict[int, SafeString]] = Shared()
queue_places: Shared[list[Place]] = Shared()
