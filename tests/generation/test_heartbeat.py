import pytest

from generation.heartbeat import SILENCE, Watch


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(clock)


def test_at_first_sight_nothing_is_known(watch: Watch) -> None:
    assert watch.silence(1, beats=5) is None


def test_a_counter_that_stands_still_is_silence(watch: Watch, clock: Clock) -> None:
    heard = []
    for _ in range(6):
        heard.append(watch.silence(1, beats=5))
        clock.now += 2
    assert heard == [None, 2, 4, 6, 8, 10]


def test_any_move_of_the_counter_ends_the_silence(watch: Watch, clock: Clock) -> None:
    watch.silence(1, beats=5)
    clock.now += 9
    assert watch.silence(1, beats=4) == 0  # even a restart from a lower one
    clock.now += 3
    assert watch.silence(1, beats=4) == 3


def test_whoever_has_not_looked_for_long_starts_anew(watch: Watch, clock: Clock) -> None:
    watch.silence(1, beats=5)
    clock.now += SILENCE + 0.1
    assert watch.silence(1, beats=5) is None
    clock.now += 1
    assert watch.silence(1, beats=5) == 1


def test_workers_are_told_apart(watch: Watch, clock: Clock) -> None:
    watch.silence(1, beats=5)
    clock.now += 4
    assert watch.silence(2, beats=5) is None
    clock.now += 4
    assert (watch.silence(1, beats=5), watch.silence(2, beats=5)) == (8, 4)


def test_the_forgotten_are_seen_for_the_first_time_again(watch: Watch, clock: Clock) -> None:
    for worker in (1, 2):
        watch.silence(worker, beats=5)
    watch.forget_all_but({2})
    clock.now += 4
    assert (watch.silence(1, beats=5), watch.silence(2, beats=5)) == (None, 4)
