"""One training picture with its caption, by its number: the same number gives the same picture and words.

A picture has a background (a colour, a gradient, a scene) and on it one to three subjects, a shape, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from demo_model import captions, scenes
from demo_model.captions import pick
from demo_model.colours import COLOURS, allowed
from demo_model.shapes import SHAPES, shape
from demo_model.subjects import SUBJECTS

SIZE = 128  # px, width and height
TRAINING = 0  # the seed of the training's pictures; evaluations have others


@dataclass
class Sample:
    """A picture, its caption, and what is in it, for the classifier and the tests."""

    picture: Image.Image
    caption: str
    subjects: list[int]  # places in SUBJECTS, one for each that was pasted
    background: int | None = None  # its colour's place in COLOURS; None for gradients and scenes


@dataclass(frozen=True)
class Place:
    share: float  # of the picture's width
    x: float  # of its middle, from 0 to 1
    y: float


@dataclass(frozen=True)
class Cast:
    """What stands before the background, and in which words: nothing at all, a shape, or subjects."""

    words: str
    subjects: list[int]  # places in SUBJECTS; none for a shape
    pictures: list[Image.Image]
    places: list[Place]


@dataclass
class Composer:
    """Draws samples.

    Args:
        pictures: of the subjects, RGBA, in the order of `subjects.SUBJECTS`.
        seed: TRAINING for what the model is trained on; any other for what it must not have seen.
        size: of the samples, in px.
    """

    pictures: Sequence[Image.Image]
    seed: int = TRAINING
    size: int = SIZE

    def sample(self, number: int) -> Sample:
        chance = np.random.default_rng([self.seed, number])
        cast = self.arrange(chance)
        sample = self.background(chance, cast)
        for picture, place in zip(cast.pictures, cast.places, strict=True):
            paste(chance, sample.picture, picture, place, turn=bool(cast.subjects))
        sample.caption = captions.adorned(chance, sample.caption)
        return sample

    def caption(self, number: int) -> str:
        return self.sample(number).caption

    def arrange(self, chance: np.random.Generator) -> Cast:
        roll = chance.random()
        if roll < 0.66:
            return self.alone(chance)
        if roll < 0.78:
            return self.counted(chance, 2)
        if roll < 0.83:
            return self.counted(chance, 3)
        if roll < 0.93:
            return self.together(chance)
        if roll < 0.98:
            return plain_shape(chance)
        return Cast("", [], [], [])

    def alone(self, chance: np.random.Generator) -> Cast:
        subject = self.anyone(chance)
        roll, size, share = chance.random(), "", chance.uniform(0.6, 0.86)
        if roll < 0.08:
            size, share = "small", chance.uniform(0.3, 0.42)
        elif roll < 0.16:
            size, share = "big", chance.uniform(0.9, 1.04)
        play = max(0.0, 0.52 - share / 2) * 0.6
        return self.cast(self.one(chance, subject, size), [subject], [Place(share, *near_middle(chance, play))])

    def counted(self, chance: np.random.Generator, count: int) -> Cast:
        subject = self.anyone(chance)
        words = captions.several(chance, pick(chance, SUBJECTS[subject].names), count)
        return self.cast(words, [subject] * count, side_by_side(chance) if count == 2 else as_triangle(chance))

    def together(self, chance: np.random.Generator) -> Cast:
        """Two different things; now and then three."""
        subjects = [self.anyone(chance), self.anyone(chance)]
        first, second = (self.one(chance, subject) for subject in subjects)
        if chance.random() < 0.8:
            words = pick(chance, captions.TOGETHER).format(x=first, y=second)
            return self.cast(words, subjects, side_by_side(chance))
        third = self.anyone(chance)
        words = f"{first}, {second} and {self.one(chance, third)}"
        return self.cast(words, [*subjects, third], as_triangle(chance))

    def cast(self, words: str, subjects: list[int], places: list[Place]) -> Cast:
        return Cast(words, subjects, [self.pictures[subject] for subject in subjects], places)

    def one(self, chance: np.random.Generator, subject: int, size: str = "") -> str:
        return captions.one(chance, captions.a_name(chance, subject), size)

    def anyone(self, chance: np.random.Generator) -> int:
        return int(chance.integers(len(self.pictures)))

    def background(self, chance: np.random.Generator, cast: Cast) -> Sample:
        """The background and the whole caption. Colours that are held out are not drawn, named or not."""
        colours, roll = allowed(cast.subjects), chance.random()
        if roll < 0.62 or not cast.words:
            colour = pick(chance, colours)
            picture = scenes.plain(chance, scenes.shade(chance, COLOURS[colour]), self.size)
            named = not cast.words or chance.random() < 0.88
            words = captions.on_colour(chance, cast.words, COLOURS[colour]) if named else cast.words
            return Sample(picture, words, cast.subjects, colour)
        if roll < 0.68:
            first, second = (COLOURS[i] for i in chance.choice(colours, 2, replace=False))
            stops = [(0.0, scenes.shade(chance, first)), (1.0, scenes.shade(chance, second))]
            words = captions.on_gradient(chance, cast.words, first, second)
            return Sample(scenes.gradient(stops, self.size), words, cast.subjects)
        scene = pick(chance, tuple(captions.SCENES))
        words = captions.in_scene(chance, cast.words, scene)
        return Sample(scenes.scene(chance, scene, self.size), words, cast.subjects)


def plain_shape(chance: np.random.Generator) -> Cast:
    kind, colour = pick(chance, tuple(SHAPES)), pick(chance, COLOURS)
    name = captions.tidy(f"a {captions.colour_name(chance, colour)} {pick(chance, SHAPES[kind])}")
    place = Place(chance.uniform(0.45, 0.75), *near_middle(chance, 0.1))
    return Cast(name, [], [shape(kind, scenes.shade(chance, colour))], [place])


def near_middle(chance: np.random.Generator, play: float) -> tuple[float, float]:
    return 0.5 + chance.uniform(-play, play), 0.5 + chance.uniform(-play, play)


def side_by_side(chance: np.random.Generator) -> list[Place]:
    share = chance.uniform(0.42, 0.5)
    return [Place(share, x + chance.uniform(-0.02, 0.02), 0.5 + chance.uniform(-0.12, 0.12)) for x in (0.26, 0.74)]


def as_triangle(chance: np.random.Generator) -> list[Place]:
    share = chance.uniform(0.36, 0.43)
    corners = ((0.27, 0.7), (0.73, 0.7), (0.5, 0.28))
    return [Place(share, x + chance.uniform(-0.02, 0.02), y + chance.uniform(-0.03, 0.03)) for x, y in corners]


def paste(
    chance: np.random.Generator, onto: Image.Image, picture: Image.Image, place: Place, turn: bool = True
) -> None:
    """Paste a subject, now and then a little turned. Never as in a mirror: that would be twice as much to learn."""
    if turn and chance.random() < 0.1:
        picture = picture.rotate(chance.uniform(-15, 15), Image.Resampling.BICUBIC)
    side = max(8, int(place.share * onto.width))
    picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    corner = int(place.x * onto.width - side / 2), int(place.y * onto.height - side / 2)
    onto.paste(picture, corner, picture)
