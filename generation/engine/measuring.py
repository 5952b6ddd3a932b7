"""What a model that was just loaded can do on a device: how large a picture may be, how many together, and how fast."""

import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from generation.engine import devices
from generation.engine.base import Cancelled, Engine, Measured, OutOfMemory
from generation.engine.memory import SHARE, Need, fitting, memory_of
from generation.engine.recipe import Recipe

USUAL = 3
"""Pictures of most jobs."""

GROUPS = (USUAL, 6, 12, 24)
"""Pictures denoised together that are tried, as long as each pays more than the one before."""

WORTHWHILE = 0.85
"""A larger group pays when one of its pictures takes at most this share of the time it takes in the smaller: what is
made together also comes together, so later, and is made again together after a fault."""

LONGEST_STEP = 1.0
"""s that a step of a group may take: whoever cancels waits for it, and a start for three of each group."""

MOST_PIXELS = 2**31 - 1
"""However much memory there is: a number that any database holds."""


def measure(engine: Engine, recipe: Recipe) -> Measured:
    """Make a few steps at the recipe's size. Raises what making pictures raises."""
    max_pixels = _what_fits(engine, recipe)
    seconds = {1: _seconds_of_a_step(engine, recipe, 1)}
    """Of a step, for each picture, by how many are made together."""
    for size in GROUPS:
        alike = seconds[max(seconds)]
        if size * recipe.pixels > max_pixels or size * alike > LONGEST_STEP:
            break
        try:
            each = _seconds_of_a_step(engine, recipe, size) / size
        except OutOfMemory:  # as with Stable Diffusion XL on a small card
            break
        if each > WORTHWHILE * alike:
            break
        seconds[size] = each
    size = max(seconds)
    return Measured(size, seconds[min(size, USUAL)] / recipe.megapixels, max_pixels)


def _what_fits(engine: Engine, recipe: Recipe) -> int:
    """px that fit into memory, from a picture at the recipe's size and one of a quarter of it.

    The quarter costs little: a step of it is a quarter of one, and most of what is cold at the start is cold once.
    """
    memory = memory_of(engine.device)

    def need(recipe: Recipe) -> Need:
        with memory.watch(recipe.pixels) as need:
            engine.generate(replace(recipe, steps=1), first=1, size=1, on_step=lambda *_: None)
        return need

    fit = fitting(need(recipe.halved()), need(recipe), SHARE * max(0, memory.room))
    return int(max(recipe.pixels, min(fit, MOST_PIXELS)))


def _seconds_of_a_step(engine: Engine, recipe: Recipe, size: int) -> float:
    """The shorter of two, after one that warms up. Nothing is decoded."""
    moments: list[float] = []

    def note(*_: object) -> None:
        devices.wait_for(engine.device)
        moments.append(time.perf_counter())
        if len(moments) == 3:
            raise Cancelled

    with suppress(Cancelled):
        engine.generate(replace(recipe, steps=4), first=1, size=size, on_step=note)
    return min(later - earlier for earlier, later in pairwise(moments))
