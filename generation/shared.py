"""What many people get alike, made once for all who ask within two seconds.

With a hundred pages open the queue's panel is asked for thirty times a second while something is made, and each time
it has moved on a little.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

FRESH = 2.0  # s
KEPT = 32
LONGEST_KEY = 1000  # characters


class Answer(NamedTuple, Generic[T]):
    made: float
    told: T


class Shared(Generic[T]):
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._answers: dict[Hashable, Answer[T]] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def get(self, key: Hashable) -> T | None:
        """What was made within the last two seconds."""
        with self._lock:
            answer = self._answers.get(key)
        return None if answer is None or self._clock() - answer.made > FRESH else answer.told

    def keep(self, key: Hashable, told: T) -> None:
        """What was got from here is not kept again: it would never grow old."""
        if len(repr(key)) > LONGEST_KEY:
            return
        with self._lock:
            now = self._clock()
            fresh = {other: answer for other, answer in self._answers.items() if now - answer.made <= FRESH}
            self._answers = {**dict(list(fresh.items())[-KEPT + 1 :]), key: Answer(now, told)}

    def __len__(self) -> int:
        return len(self._answers)

    def forget(self) -> None:
        with self._lock:
            self._answers = {}
