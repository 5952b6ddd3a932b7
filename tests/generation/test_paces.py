"""What is learned of how long pictures take, and what it is good for."""

from typing import Any

import pytest
from pytest_django import Settings

from generation import paces
from generation.engine.recipe import Recipe
from generation.models import KnownModel, Pace, Worker

pytestmark = pytest.mark.django_db


def a_recipe(**fields: Any) -> Recipe:
    return Recipe(**{"prompt": "a fox", "seed": 7, "width": 1000, "height": 1000, "steps": 10, **fields})


def a_worker(**fields: Any) -> Worker:
    return Worker(**{"slot": "cpu", "model": "demo", "group_size": 3, "speed": 0.5, **fields})


def seconds_for(recipe: Recipe, worker: Worker, size: int = 0) -> float:
    [seconds] = paces.seconds_for([(recipe, size)], worker)
    return seconds


def test_before_anything_was_made_the_speed_measured_at_load_is_the_guess() -> None:
    assert seconds_for(a_recipe(num_images=4), a_worker()) == 4 * 10 * 0.5


def test_one_group_is_enough_to_know_its_kind() -> None:
    paces.learn_group(a_recipe(), 3, 12.0, a_worker())
    assert seconds_for(a_recipe(num_images=9), a_worker()) == 36


def test_the_last_group_may_be_smaller_and_is_a_kind_of_its_own() -> None:
    paces.learn_group(a_recipe(), 3, 12.0, a_worker())
    paces.learn_group(a_recipe(), 1, 7.0, a_worker())
    assert seconds_for(a_recipe(num_images=7), a_worker()) == 31


def test_a_group_size_that_a_job_has_already_counts_for_it() -> None:
    paces.learn_group(a_recipe(), 1, 7.0, a_worker())
    assert seconds_for(a_recipe(num_images=3), a_worker(), size=1) == 21


def test_groups_are_as_large_as_fits() -> None:
    worker = a_worker(max_pixels=2 * a_recipe().pixels)
    paces.learn_group(a_recipe(), 2, 8.0, worker)
    assert seconds_for(a_recipe(num_images=4), worker) == 16


@pytest.mark.parametrize(
    "other",
    [{"steps": 11}, {"sampler": "DDIM"}, {"width": 800}, {"guidance_scale": 1.0}, {"downsampling_factor": 4}],
)
def test_another_kind_is_not_known_by_it(other: dict[str, Any]) -> None:
    paces.learn_group(a_recipe(), 3, 12.0, a_worker())
    recipe = a_recipe(**other)
    assert seconds_for(recipe, a_worker()) == pytest.approx(3 * recipe.work * 0.5)


@pytest.mark.parametrize("other", [{"model": "other"}, {"slot": "GPU-1"}])
def test_neither_is_another_model_or_device(other: dict[str, Any]) -> None:
    paces.learn_group(a_recipe(), 3, 12.0, a_worker())
    assert seconds_for(a_recipe(), a_worker(**other)) == 15


def test_words_and_seeds_make_no_kind() -> None:
    paces.learn_group(a_recipe(), 3, 12.0, a_worker())
    assert seconds_for(a_recipe(prompt="a crow", negative_prompt="snow", seed=1), a_worker()) == 12


def test_the_first_few_make_a_mean_and_later_ones_move_it_by_a_quarter() -> None:
    for seconds in (10.0, 14.0, 12.0):
        Pace.objects.learn("a kind", seconds)
    assert Pace.objects.known(["a kind"]) == {"a kind": pytest.approx(12)}
    for _ in range(2):
        Pace.objects.learn("a kind", 12.0)
    Pace.objects.learn("a kind", 20.0)
    assert Pace.objects.known(["a kind"]) == {"a kind": pytest.approx(14)}


def test_without_a_worker_nobody_knows() -> None:
    assert paces.seconds_for([(a_recipe(), 0)], None) == [0.0]


def test_a_group_is_no_larger_than_may_be_whatever_was_measured(settings: Settings) -> None:
    settings.PLAYGROUND_MOST_TOGETHER = 4
    KnownModel.objects.create(path="/other", name="other", speed=2.0, group_size=24)
    paces.learn_group(a_recipe(model="other"), 4, 7.0, a_worker())
    assert a_worker(group_size=24).group_for(a_recipe()) == 4
    assert seconds_for(a_recipe(model="other", num_images=8), a_worker()) == 14


# Other models than the default


def test_a_model_that_a_recipe_names_is_a_kind_of_its_own() -> None:
    paces.learn_group(a_recipe(model="other"), 3, 12.0, a_worker())
    assert seconds_for(a_recipe(model="other"), a_worker()) == 12
    assert seconds_for(a_recipe(), a_worker()) == 15
    paces.learn_group(a_recipe(), 3, 7.0, a_worker())
    assert seconds_for(a_recipe(model="demo"), a_worker()) == 7


def test_another_model_s_own_speed_and_groups_are_its_guess() -> None:
    KnownModel.objects.create(path="/other", name="other", speed=2.0, group_size=1)
    assert seconds_for(a_recipe(model="other", num_images=4), a_worker()) == 4 * 10 * 2.0
    paces.learn_group(a_recipe(model="other"), 1, 7.0, a_worker())
    assert seconds_for(a_recipe(model="other", num_images=4), a_worker()) == 28


def test_loading_is_learned_per_model_and_device() -> None:
    paces.learn_loading("other", 6.0, a_worker())
    assert [need.to_load for need in paces.needs([(a_recipe(model="other"), 0), (a_recipe(), 0)], a_worker())] == [6, 0]
    assert paces.seconds_to_load(["other", "demo"], a_worker()) == {"other": 6.0}
    assert paces.seconds_to_load(["other"], a_worker(slot="GPU-1")) == {}
