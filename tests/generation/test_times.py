"""Times and places in words."""

import re

import pytest

from generation.templatetags.times import about, clock, duration, ordinal


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "–"), (0.4, "0:00"), (26.4, "0:26"), (63, "1:03"), (3600, "1 h 00"), (3720, "1 h 02")]
)
def test_clock(seconds: float | None, words: str) -> None:
    assert clock(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "1 s"), (26.4, "26 s"), (63, "1 min 3 s"), (120, "2 min"), (3725, "1 h 2 min")]
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_short_wait_is_told_by_its_length_and_a_long_one_by_the_time_of_day() -> None:
    assert about(26.4) == "about 26 s"
    assert re.fullmatch(r"at about [0-2]\d:[0-5]\d", about(3600))


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "first"), (3, "third"), (10, "tenth"), (11, "11th"), (12, "12th"), (21, "21st"), (22, "22nd"), (112, "112th")],
)
def test_ordinal(number: int, words: str) -> None:
    assert ordinal(number) == words
