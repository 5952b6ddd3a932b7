"""Tells living workers from dead ones without trusting any clock but one's own."""

import time
from collections.abc import Callable
from dataclasses import dataclass

BEAT = 2.0  # s between two beats of a worker
SILENCE = 10.0  # s without a beat after which a worker is given up


@dataclass
class _Sighting:
    beats: int
    moved: float
    seen: float
    has_moved: bool = False


class Watch:
    """Notes, by this process's monotonic clock, when each worker's counter last moved.

    Clocks of other hosts play no part, and neither does a laptop's sleep, during which this clock stands still.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sightings: dict[int, _Sighting] = {}

    def silence(self, worker: int, beats: int) -> float | None:
        """Seconds since `worker`'s counter last moved; None at first sight.

        Whoever has not looked for longer than SILENCE knows nothing of the time between and starts anew.
        """
        now = self._clock()
        last = self._sightings.get(worker)
        if last is None or now - last.seen > SILENCE:
            self._sightings[worker] = _Sighting(beats, now, now)
            return None
        last.seen = now
        if last.beats != beats:
            last.beats, last.moved, last.has_moved = beats, now, True
        return now - last.moved

    def has_moved(self, worker: int) -> bool:
        """Whether `worker`'s counter has moved while this process looked."""
        return worker in self._sightings and self._sightings[worker].has_moved

    def forget_all_but(self, workers: set[int]) -> None:
        self._sightings = {key: sighting for key, sighting in self._sightings.items() if key in workers}
