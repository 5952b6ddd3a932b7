"""Painting over a source picture, with every sampler and at every strength."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.recipe import Recipe
from generation.engine.samplers import SAMPLERS

STEPS, STRENGTHS = (1, 2, 3, 50, 250), (0.001, 0.02, 0.5, 1.0)
RECIPE = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=50, strength=0.5, guidance_scale=1.0, sampler="DDIM")


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> DiffusionEngine:
    engine = DiffusionEngine("cpu")
    engine.load(Checkpoint("tiny", tiny_model))
    return engine


@pytest.fixture(scope="module")
def source() -> Image.Image:
    return Image.effect_noise((8, 8), 90).convert("RGB").resize((64, 64), Image.Resampling.BICUBIC)


def make(engine: DiffusionEngine, source: Image.Image, recipe: Recipe, size: int = 1) -> tuple[list[Image.Image], int]:
    """The pictures, and how many steps were told."""
    told: list[int] = []
    pictures = engine.generate(recipe, first=1, size=size, on_step=lambda step, *_: told.append(step), source=source)
    return pictures, len(told)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_at_every_strength(engine: DiffusionEngine, source: Image.Image, sampler: str) -> None:
    for steps in STEPS:
        for strength in STRENGTHS if steps < 250 else STRENGTHS[:2]:
            recipe = replace(RECIPE, sampler=sampler, steps=steps, strength=strength)
            [picture], told = make(engine, source, recipe)
            assert picture.size == (64, 64)
            assert told >= max(1, recipe.steps_run)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_longest_runs_end_too(engine: DiffusionEngine, sampler: str) -> None:
    small = Image.new("RGB", (16, 16), "red")
    for strength in STRENGTHS[2:]:
        recipe = replace(RECIPE, sampler=sampler, steps=250, strength=strength, width=16, height=16)
        [picture], told = make(engine, small, recipe)
        assert picture.size == (16, 16)
        assert told >= recipe.steps_run


def test_without_a_step_to_run_it_is_the_source_as_the_latents_hold_it(
    engine: DiffusionEngine, source: Image.Image
) -> None:
    recipe = replace(RECIPE, steps=10, strength=0.05)
    assert recipe.steps_run == 0
    pictures, told = make(engine, source, recipe, size=3)
    assert told == 1
    assert len({picture.tobytes() for picture in pictures}) == 1


def test_the_less_strength_the_nearer_the_source(engine: DiffusionEngine, source: Image.Image) -> None:
    kept = np.asarray(make(engine, source, replace(RECIPE, strength=0.001))[0][0], float)
    near, far = (
        np.abs(np.asarray(make(engine, source, replace(RECIPE, strength=strength))[0][0], float) - kept).mean()
        for strength in (0.1, 0.9)
    )
    assert near < far


def test_each_picture_of_a_group_has_its_own_seed(engine: DiffusionEngine, source: Image.Image) -> None:
    pictures, _ = make(engine, source, RECIPE, size=3)
    [second], _ = make(engine, source, replace(RECIPE, seed=8))
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert np.abs(np.asarray(pictures[1], float) - np.asarray(second, float)).mean() < 1
