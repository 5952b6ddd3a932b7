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

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made within the last two seconds, else what is made now: whoever asks meanwhile waits for it."""
        with self._lock:
            now = self._clock()
            answer = self._answers.get(key)
            if answer and now - answer.made <= FRESH:
                return answer.told
            told = make()
            if len(repr(key)) <= LONGEST_KEY:
                fresh = {other: answer for other, answer in self._answers.items() if now - answer.made <= FRESH}
                self._answers = {**dict(list(fresh.items())[-KEPT + 1 :]), key: Answer(now, told)}
            return told

    def __len__(self) -> int:
        return len(self._answers)

    def forget(self) -> None:
        with self._lock:
            self._answers = {}
