"""How people might ask for a picture: the same picture in many wordings, some of which training never sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from demo_model.colours import OTHER_NAMES
from demo_model.subjects import SUBJECTS, plural, with_article

T = TypeVar("T")

ON_COLOUR = (
    "{x} on a {c} background",
    "{x} on a {c} background",
    "{x} on a {c} background",
    "{x} on {c}",
    "{x}, {c} background",
    "{c} background, {x}",
    "{c} backdrop, {x} in front",
    "{x} in front of a {c} wall",
    "{x} in front of a {c} background",
    "{x} with a {c} background",
    "{x} against a {c} backdrop",
    "{x} against {c}",
    "{x} on a plain {c} background",
    "{x} on a {c} backdrop",
    "a {c} background with {x}",
    "a {c} wall and {x}",
    "{x}, the background is {c}",
    "{x} ({c} background)",
    "{x} before a {c} background",
)
# Only for evaluation. Every word of them is in a wording above, but never together.
ON_COLOUR_HELD_OUT = (
    "{x} in front of a {c} backdrop",
    "{c} wall, {x} in front",
    "a {c} backdrop with {x}",
    "{x}, plain {c} background",
    "{x} against a {c} wall",
    "{x} with a {c} backdrop",
)
ON_GRADIENT = (
    "{x} on a {a} and {b} gradient",
    "{x} on a gradient from {a} to {b}",
    "{x} on a {a} to {b} background",
    "{x}, {a} and {b} background",
)
SCENES = {
    "meadow": ("on grass", "in a meadow", "in a field", "on a green meadow", "on a lawn"),
    "beach": ("at the beach", "on the beach", "on a beach", "by the sea", "on the sand"),
    "snow": ("in the snow", "on snow", "in winter", "in a snowy landscape"),
    "desert": ("in the desert", "in a desert", "on a sand dune"),
    "night": ("at night", "in the night sky", "under the stars", "under a starry sky", "in the moonlight"),
    "sunset": ("at sunset", "in the evening", "at dusk", "in front of a sunset"),
    "sea": ("under water", "underwater", "in the sea", "in the ocean", "at the bottom of the sea"),
    "space": ("in space", "in outer space", "among the stars", "in the galaxy"),
    "city": ("in the city", "in a city", "in front of houses", "downtown", "in the street"),
}
IN_SCENE = ("{x} {s}", "{x} {s}", "{x} {s}", "{x}, {s}", "{s}, {x}", "{s}: {x}")
ALONE = ("a {c} background", "plain {c} background", "{c} background", "{c} backdrop", "nothing but {c}")
SIZES = {"small": ("small", "little", "tiny"), "big": ("big", "large", "huge")}
NUMBERS = {1: ("one",), 2: ("two", "two", "two", "2", "a pair of"), 3: ("three", "three", "3")}
TOGETHER = ("{x} and {y}", "{x} and {y}", "{x} next to {y}", "{x} beside {y}", "{x} with {y}")
BEFORE = (
    "a photo of ",
    "a picture of ",
    "an image of ",
    "a drawing of ",
    "an illustration of ",
    "a painting of ",
    "draw ",
    "show me ",
)
AFTER = (
    ", high quality",
    ", detailed",
    ", beautiful",
    ", highly detailed",
    ", best quality",
    ", sharp focus",
    ", cute",
    ", centered",
    ", 3d render",
    ", 3d style",
    ", emoji",
)


def pick(chance: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(chance.integers(len(choices)))]


def a_name(chance: np.random.Generator, subject: int) -> str:
    """One of a subject's names; now and then one of its keywords instead."""
    names, keywords = SUBJECTS[subject].names, SUBJECTS[subject].keywords
    roll = chance.random()
    if roll < 0.06 and keywords:
        return pick(chance, keywords)
    return names[0] if roll < 0.6 else pick(chance, names)


def several(chance: np.random.Generator, name: str, count: int) -> str:
    return f"{pick(chance, NUMBERS[count])} {plural(name)}"


def one(chance: np.random.Generator, name: str, size: str) -> str:
    """A single thing, mostly with its article: "a small cat", "cat"."""
    if size:
        name = f"{pick(chance, SIZES[size])} {name}"
    roll = chance.random()
    if roll < 0.8:
        return with_article(name)
    return f"the {name}" if roll < 0.83 else name


def on_colour(chance: np.random.Generator, things: str, colour: str) -> str:
    wording = pick(chance, ON_COLOUR) if things else pick(chance, ALONE)
    return tidy(wording.format(x=things, c=colour_name(chance, colour)))


def on_gradient(chance: np.random.Generator, things: str, first: str, second: str) -> str:
    a, b = colour_name(chance, first), colour_name(chance, second)
    return tidy(pick(chance, ON_GRADIENT).format(x=things, a=a, b=b))


def in_scene(chance: np.random.Generator, things: str, scene: str) -> str:
    where = pick(chance, SCENES[scene])
    return tidy(pick(chance, IN_SCENE).format(x=things, s=where)) if things else where


def tidy(text: str) -> str:
    """The article before a colour that begins with a vowel."""
    return text.replace("a orange", "an orange")


def colour_name(chance: np.random.Generator, colour: str) -> str:
    other = OTHER_NAMES.get(colour)
    return other if other and chance.random() < 0.3 else colour


def adorned(chance: np.random.Generator, text: str) -> str:
    """With the words that people put around a prompt, now and then."""
    if chance.random() < 0.1:
        text = pick(chance, BEFORE) + text
    if chance.random() < 0.12:
        text += pick(chance, AFTER)
    return text
