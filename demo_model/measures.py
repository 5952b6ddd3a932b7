"""What the model is measured by. Each gives a share from 0 to 1, or a number with its unit in its name."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from demo_model import captions, classifier, looking
from demo_model.colours import COLOURS, held_out
from demo_model.compose import Composer, Sample
from demo_model.sampling import Artist
from demo_model.subjects import SUBJECTS, plural, with_article

CHANCE = 20261124  # the seed of what the measures ask for


def backgrounds(artist: Artist, subjects: Sequence[int], count: int) -> float:
    """Share of pictures with the background asked for, over held-out pairs in held-out wordings."""
    pairs = [(subject, colour) for subject in subjects for colour in range(len(COLOURS)) if held_out(subject, colour)]
    chance = np.random.default_rng(CHANCE)
    chosen = [pairs[int(place)] for place in chance.integers(len(pairs), size=count)]
    prompts = [
        captions.tidy(wording(number).format(x=with_article(SUBJECTS[subject].name), c=COLOURS[colour]))
        for number, (subject, colour) in enumerate(chosen)
    ]
    pictures = artist.draw(prompts, seed=1000)
    return share([looking.background(one) == colour for one, (_, colour) in zip(pictures, chosen, strict=True)])


def wording(number: int) -> str:
    return captions.ON_COLOUR_HELD_OUT[number % len(captions.ON_COLOUR_HELD_OUT)]


def recognised(artist: Artist, judge: nn.Sequential, subjects: Sequence[int], each: int) -> tuple[float, list[str]]:
    """Share of pictures in which the classifier sees the subject asked for, and the subjects it misses most."""
    asked = [subject for subject in subjects for _ in range(each)]
    prompts = [
        f"{with_article(SUBJECTS[subject].name)} on {a_colour(subject, turn)}" for turn, subject in enumerate(asked)
    ]
    seen = classifier.recognise(judge, artist.draw(prompts, seed=2000))
    right = [found == subject for found, subject in zip(seen, asked, strict=True)]
    missed = [SUBJECTS[one].name for place, one in enumerate(subjects) if not any(right[place * each :][:each])]
    return share(right), missed


def a_colour(subject: int, turn: int) -> str:
    """A background that was in training with this subject."""
    known = [colour for place, colour in enumerate(COLOURS) if not held_out(subject, place)]
    return captions.tidy(f"a {known[turn % len(known)]} background")


def counted(artist: Artist, subjects: Sequence[int], count: int) -> float:
    """Share of pictures of 'two X' in which two things are counted."""
    chance = np.random.default_rng(CHANCE)
    chosen = [subjects[int(place)] for place in chance.integers(len(subjects), size=count)]
    prompts = [f"two {plural(SUBJECTS[one].name)} on {a_colour(one, turn)}" for turn, one in enumerate(chosen)]
    return share([looking.things(picture) == 2 for picture in artist.draw(prompts, seed=3000)])


def counting_itself(composer: Composer, count: int) -> float:
    """The same count on real pictures of two things before a colour: what it can be at best."""
    found: list[bool] = []
    number = 0
    while len(found) < count:
        sample = composer.sample(number)
        if two_before_a_colour(sample):
            found.append(looking.things(sample.picture) == 2)
        number += 1
    return share(found)


def two_before_a_colour(sample: Sample) -> bool:
    return len(sample.subjects) == 2 and sample.subjects[0] == sample.subjects[1] and sample.background is not None


def avoided(artist: Artist, subjects: Sequence[int], count: int) -> float:
    """Share of pictures whose background moves away from the colour that the negative prompt names.

    Each is drawn twice with the same seed, and the colour named is the one that it had without.
    """
    prompts = [with_article(SUBJECTS[subjects[number % len(subjects)]].name) for number in range(count)]
    before = artist.draw(prompts, seed=4000)
    had = [looking.background(picture) for picture in before]
    after = artist.draw(prompts, seed=4000, unwanted=[f"{COLOURS[colour]} background" for colour in had])
    return share(
        [
            looking.distances(looking.edge_colour(later))[colour] > looking.distances(looking.edge_colour(one))[colour]
            for one, later, colour in zip(before, after, had, strict=True)
        ]
    )


def in_order(artist: Artist, composer: Composer, count: int) -> float:
    """Share of real pictures from which image-to-image goes further with strength 0.2, 0.5, 0.8, in that order."""
    found = []
    for number in range(count):
        source = composer.sample(number).picture.resize((artist.size, artist.size))
        prompt = composer.caption(number + count)
        painted = [artist.paint_over(source, prompt, strength, number) for strength in (0.2, 0.5, 0.8)]
        near, middle, far = (looking.difference(source, one) for one in painted)
        found.append(near < middle < far)
    return share(found)


def framed(artist: Artist, subjects: Sequence[int], count: int) -> float:
    """How much the edges differ from the px beside them, in levels of 255, before plain backgrounds."""
    asked = [subjects[number % len(subjects)] for number in range(count)]
    prompts = [f"{with_article(SUBJECTS[one].name)} on {a_colour(one, turn)}" for turn, one in enumerate(asked)]
    return mean_frame(artist.draw(prompts, seed=5000))


def framed_itself(composer: Composer, count: int) -> float:
    """The same on real pictures, whose backgrounds have some light and shade."""
    numbers = (number for number in range(10 * count) if plain_and_single(composer.sample(number)))
    return mean_frame([composer.sample(number).picture for number, _ in zip(numbers, range(count), strict=False)])


def plain_and_single(sample: Sample) -> bool:
    return len(sample.subjects) == 1 and sample.background is not None


def mean_frame(pictures: list[Image.Image]) -> float:
    return round(float(np.mean([looking.frame(picture) for picture in pictures])), 2)


def seconds_each(artist: Artist, threads: int, count: int = 3) -> float:
    """For one picture at the defaults, drawn alone: the best of `count`, because others use the cores, too."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    taken = []
    for seed in range(count):
        start = time.perf_counter()
        artist.draw(["a red apple on a blue background"], seed=seed)
        taken.append(time.perf_counter() - start)
    torch.set_num_threads(before)
    return round(min(taken), 2)


LOADING = """
import sys, time, torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTextModel, CLIPTokenizer
took = []
for _ in range(3):
    start = time.perf_counter()
    StableDiffusionPipeline.from_pretrained(sys.argv[1], dtype=torch.float32)
    took.append(time.perf_counter() - start)
print(*took)
"""


def seconds_to_load(folder: Path) -> tuple[float, float]:
    """In a new process, imports not counted: the first time and the best of three."""
    command = [sys.executable, "-c", LOADING, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = [float(word) for word in done.stdout.split()]
    return round(took[0], 2), round(min(took), 2)


def share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 3)
