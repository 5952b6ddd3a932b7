"""The twelve background colours, their other names, and which pairs of subject and colour training never sees."""

from __future__ import annotations

RGB = {
    "red": (214, 48, 49),
    "orange": (245, 140, 40),
    "yellow": (250, 215, 70),
    "green": (60, 170, 85),
    "blue": (50, 100, 215),
    "cyan": (80, 205, 225),
    "purple": (130, 70, 190),
    "pink": (245, 150, 190),
    "brown": (125, 80, 50),
    "black": (22, 22, 26),
    "white": (248, 248, 248),
    "gray": (140, 142, 148),
}
COLOURS = tuple(RGB)
OTHER_NAMES = {"gray": "grey", "purple": "violet", "cyan": "turquoise"}


def held_out(subject: int, colour: int) -> bool:
    """Whether training never shows this subject before this colour: one pair in ten, spread over all of both.

    Args:
        subject: its place in `subjects.SUBJECTS`.
        colour: its place in `COLOURS`.
    """
    return (7 * subject + 3 * colour) % 10 == 0


def allowed(subjects: list[int]) -> list[int]:
    """The colours that may stand behind all these subjects in training."""
    return [colour for colour in range(len(COLOURS)) if not any(held_out(one, colour) for one in subjects)]
