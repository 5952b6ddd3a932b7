"""Every sampler by the name that people know, with a real model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generation.engine import samplers
from generation.engine.checkpoints import Checkpoint
from generation.engine.diffusion import DiffusionEngine
from generation.engine.recipe import Recipe

NAMES = sorted(samplers.SAMPLERS)


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> DiffusionEngine:
    engine = DiffusionEngine("cpu")
    engine.load(Checkpoint("tiny", tiny_model))
    return engine


@pytest.mark.parametrize("steps", [1, 2, 3, 20])
@pytest.mark.parametrize("name", NAMES)
def test_every_sampler_makes_a_picture_and_counts_its_steps(engine: DiffusionEngine, name: str, steps: int) -> None:
    seen: list[tuple[int, int]] = []
    recipe = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=steps, guidance_scale=4.0, sampler=name)
    [picture] = engine.generate(recipe, first=1, size=1, on_step=lambda step, of, _: seen.append((step, of)))
    total = len(seen)
    assert seen == [(step, total) for step in range(1, total + 1)]
    assert total >= steps  # some ask the model more often
    assert picture.size == (64, 64)
    assert np.asarray(picture).std() > 5


@pytest.mark.parametrize("name", NAMES)
def test_no_sampler_refuses_the_most_steps_that_can_be_asked_for(name: str) -> None:
    sampler = samplers.make(name, {}, steps=250)
    sampler.set_timesteps(250)
    assert len(sampler.timesteps) >= 250


@pytest.mark.parametrize("name", NAMES)
def test_every_sampler_takes_over_what_a_model_learned_with_any_other(name: str) -> None:
    import diffusers

    for class_name, extra in samplers.SAMPLERS.values():
        config = getattr(diffusers, class_name)(prediction_type="v_prediction", beta_end=0.012, **extra).config
        sampler = samplers.make(name, config, steps=4)
        sampler.set_timesteps(4)
        assert (sampler.config.prediction_type, sampler.config.beta_end) == ("v_prediction", 0.012)


ODD = {
    "algorithm_type": "sde-dpmsolver",
    "skip_prk_steps": False,
    "solver_order": 1,
    "solver_type": "heun",
    **{f"use_{kind}": True for kind in ("beta_sigmas", "exponential_sigmas", "flow_sigmas", "lu_lambdas")},
    "use_karras_sigmas": True,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_samplers_own_nature_is_its_names(name: str) -> None:
    odd, usual = (samplers.make(name, config, steps=4) for config in (ODD, {}))
    for sampler in (odd, usual):
        sampler.set_timesteps(4)
    assert odd.timesteps.tolist() == usual.timesteps.tolist()
    assert {key: odd.config.get(key) for key in ODD} == {key: usual.config.get(key) for key in ODD}


def test_the_samplers_differ(engine: DiffusionEngine) -> None:
    recipe = Recipe(prompt="a fox", seed=7, width=64, height=64, steps=4)
    pictures = {
        engine.generate(replace(recipe, sampler=name), first=1, size=1, on_step=lambda *_: None)[0].tobytes()
        for name in NAMES
    }
    assert len(pictures) == len(NAMES)


def test_an_unknown_sampler_is_an_error() -> None:
    with pytest.raises(KeyError):
        samplers.make("Magic", {}, steps=4)
