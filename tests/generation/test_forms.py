"""What a request may ask for, and what it means where it leaves a setting out."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from generation import status
from generation.engine.recipe import SEEDS, Recipe
from generation.forms import HomeForm, RecipeForm
from generation.limits import FORM, MEMORY, OWNER
from generation.models import Worker
from library.models import Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_PIXELS = 2048 * 2048
    status.current()  # forgets the workers of other tests


def a_worker(**fields: Any) -> Worker:
    small = {"width": 64, "height": 64}
    return Worker.objects.create(host="here", pid=1, state="ready", model="m", model_defaults=small, **fields)


def ask(**fields: Any) -> RecipeForm:
    return RecipeForm({"prompt": "a fox", **fields})


def recipe_of(**fields: Any) -> Recipe:
    form = ask(**fields)
    assert form.is_valid(), form.errors
    return form.recipe()


def sentence(form: RecipeForm, field: str) -> str:
    """What stands beside `field`, which must be the only one that is refused."""
    assert not form.is_valid()
    assert list(form.errors) == [field]
    return " ".join(map(str, form.errors[field]))


BOUNDS = [
    ("num_images", 1, 30, 1),
    ("seed", 0, SEEDS - 1, 1),
    ("width", 64, 2048, 8),
    ("height", 64, 2048, 8),
    ("steps", 1, 250, 1),
    ("guidance_scale", 1, 20, 0.1),
    ("eta", 0, 1, 0.1),
]


@pytest.mark.parametrize(("field", "lowest", "highest", "step"), BOUNDS)
def test_a_number_within_its_bounds_is_taken(field: str, lowest: int, highest: int, step: float) -> None:
    for value in (lowest, lowest + step, highest):
        assert getattr(recipe_of(**{field: str(value)}), field) == value


@pytest.mark.parametrize(("field", "lowest", "highest", "step"), BOUNDS)
def test_seed_8_a_number_beyond_its_bounds_is_refused_with_a_sentence(
    field: str, lowest: int, highest: int, step: float
) -> None:
    for value in (lowest - step, highest + step, -999_999, 10**30):
        assert sentence(ask(**{field: str(value)}), field).endswith(".")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_images", "many"),
        ("seed", "0x7f"),
        ("seed", "1.5"),
        ("seed", "9" * 5000),
        ("width", "65"),
        ("height", "512px"),
        ("steps", "2.5"),
        ("guidance_scale", "nan"),
        ("guidance_scale", "inf"),
        ("guidance_scale", "1e999"),
        ("eta", "-0.1"),
        ("sampler", "Magic"),
        ("sampler", "\ud800"),
        ("downsampling_factor", "3"),
        ("downsampling_factor", "eight"),
        ("prompt", ""),
        ("prompt", " \n\t"),
        ("prompt", "x" * 2001),
        ("prompt", "a\0b"),
        ("prompt", "a fox \ud800"),
        ("negative_prompt", "x" * 2001),
        ("negative_prompt", "\0"),
        ("negative_prompt", "\udfff"),
    ],
)
def test_nonsense_is_refused_with_a_sentence_that_can_be_sent(field: str, value: str) -> None:
    assert sentence(ask(**{field: value}), field).encode().endswith(b".")


@pytest.mark.parametrize("prompt", ["x" * 2000, "雪の中の狐 🦊", "a\r\nb", "<script>alert(1)</script>"])
def test_words_are_taken_as_they_are(prompt: str) -> None:
    assert recipe_of(prompt=prompt).prompt == prompt


def test_everything_that_can_be_asked_for_stands_in_the_recipe() -> None:
    asked: dict[str, Any] = {
        "prompt": "a fox",
        "negative_prompt": "fog",
        "num_images": 7,
        "seed": 0,
        "width": 128,
        "height": 192,
        "steps": 3,
        "guidance_scale": 1.0,
        "eta": 0.0,
        "sampler": "Euler a",
        "downsampling_factor": 4,
    }
    assert recipe_of(**asked) == Recipe(**asked)


def test_an_empty_seed_is_a_new_one_each_time() -> None:
    seeds = {recipe_of(seed="").seed for _ in range(8)}
    assert len(seeds) == 8
    assert all(0 <= seed < SEEDS for seed in seeds)


@pytest.mark.parametrize("size", [{"width": 128, "height": 136}, {"width": 72, "height": 72, "downsampling_factor": 4}])
def test_more_pixels_than_the_owner_allows_are_refused(settings: Settings, size: Any) -> None:
    settings.PLAYGROUND_MAX_PIXELS = 128 * 128
    assert recipe_of(width=64, height=64, downsampling_factor=4).output_size == (128, 128)
    assert f"px is {OWNER} (16,384 px in all)." in sentence(ask(**size), "__all__")


@pytest.mark.parametrize("size", [{"width": 128, "height": 136}, {"width": 72, "height": 72, "downsampling_factor": 4}])
def test_more_pixels_than_fit_into_the_workers_memory_are_refused(settings: Settings, size: Any) -> None:
    settings.PLAYGROUND_MAX_PIXELS = None
    a_worker(max_pixels=128 * 128)
    assert recipe_of(width=64, height=64, downsampling_factor=4).output_size == (128, 128)
    assert f"px is {MEMORY} (16,384 px in all)." in sentence(ask(**size), "__all__")


def test_as_much_as_can_be_asked_for_is_taken_where_there_is_memory_for_it(settings: Settings) -> None:
    settings.PLAYGROUND_MAX_PIXELS = None
    a_worker(max_pixels=2**31 - 1)
    assert recipe_of(width=2048, height=2048).pixels == 2**22
    too_much = ask(width=2048, height=2048, downsampling_factor=4)
    assert f"px is {FORM} (4,194,304 px in all)." in sentence(too_much, "__all__")


def test_a_request_is_checked_with_one_look_at_the_workers(
    django_assert_num_queries: DjangoAssertNumQueries, settings: Settings, tmp_path: Path
) -> None:
    settings.PLAYGROUND_LIBRARY = tmp_path
    Shelf.objects.demand()  # there is a library
    Worker.objects.create(host="here", pid=1, state="ready", model="m")
    with django_assert_num_queries(1):
        assert ask().is_valid()


@pytest.mark.parametrize("size", [(72, 64), (64, 72)])
def test_a_size_that_no_model_can_make_with_the_factor_is_refused(size: tuple[int, int]) -> None:
    width, height = size
    assert not ask(width=width, height=height, downsampling_factor=16).is_valid()


USUAL = {"width": 512, "height": 512, "steps": 50, "guidance_scale": 7.5, "sampler": "PLMS", "downsampling_factor": 8}
NAMED = {"width": 64, "height": 72, "steps": 9, "guidance_scale": 3.0, "sampler": "DDIM"}


def a_model(settings: Settings, folder: Path, named: dict[str, Any]) -> None:
    (folder / "model_index.json").write_text("{}")
    (folder / "playground.json").write_text(json.dumps(named))
    for path in (folder, *folder.iterdir()):
        os.utime(path, (0, 0))  # it has long been complete
    settings.PLAYGROUND_MODEL = str(folder)


def defaults() -> dict[str, Any]:
    return {name: value for name, value in recipe_of().to_dict().items() if name in USUAL}


def test_the_usual_defaults(settings: Settings, tmp_path: Path) -> None:
    a_model(settings, tmp_path, {})
    assert defaults() == USUAL


def test_the_model_names_its_own_defaults(settings: Settings, tmp_path: Path) -> None:
    a_model(settings, tmp_path, NAMED)
    assert defaults() == {**USUAL, **NAMED}


def test_the_operators_word_goes_over_the_models(settings: Settings, tmp_path: Path) -> None:
    a_model(settings, tmp_path, NAMED)
    settings.PLAYGROUND_SIZE = (128, 256)
    settings.PLAYGROUND_STEPS = 30
    settings.PLAYGROUND_GUIDANCE_SCALE = 5.0
    settings.PLAYGROUND_DOWNSAMPLING_FACTOR = 4
    assert list(defaults().values()) == [128, 256, 30, 5.0, "DDIM", 4]


def test_a_running_worker_says_whose_defaults_they_are(settings: Settings, tmp_path: Path) -> None:
    a_model(settings, tmp_path, {"steps": 99})
    Worker.objects.create(host="here", pid=1, state="ready", model="other", model_defaults=NAMED)
    assert defaults() == {**USUAL, **NAMED}


def test_a_sampler_that_nobody_knows_is_no_default(settings: Settings, tmp_path: Path) -> None:
    a_model(settings, tmp_path, {"sampler": "Magic"})
    assert defaults()["sampler"] == "PLMS"


def test_without_any_model_requests_are_still_taken(settings: Settings) -> None:
    settings.PLAYGROUND_MODEL = "/nowhere"
    assert defaults() == USUAL


@pytest.mark.parametrize("count", range(3, 31, 3))
def test_the_home_page_takes_images_in_threes(count: int) -> None:
    form = HomeForm({"prompt": "a fox", "num_images": count})
    assert form.is_valid()
    assert form.recipe().num_images == count


@pytest.mark.parametrize("count", ["0", "1", "2", "4", "29", "31", "33", "-3", "3.5", "many"])
def test_the_home_page_refuses_other_counts_in_one_sentence(count: str) -> None:
    form = HomeForm({"prompt": "a fox", "num_images": count})
    assert sentence(form, "num_images") == "Choose 3 to 30 images, in threes."


def test_the_home_page_makes_three_images_unless_it_is_told() -> None:
    form = HomeForm({"prompt": "a fox", "num_images": ""})
    assert form.is_valid()
    assert form.recipe().num_images == 3


@pytest.mark.parametrize(("keep", "shown"), [("on", 17), ("", None)])
def test_a_seed_stays_in_its_box_only_when_it_is_kept(keep: str, shown: int | None) -> None:
    form = HomeForm({"prompt": "a fox", "seed": "17", "keep_seed": keep})
    assert form.is_valid()
    assert form.seed_to_show == shown
