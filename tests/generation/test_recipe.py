import json

import pytest

from generation.engine.recipe import SEEDS, Recipe


def test_the_seed_after_the_last_is_the_first_again() -> None:
    recipe = Recipe(prompt="a fox", seed=SEEDS - 2)
    assert [recipe.seed_of(position) for position in (1, 2, 3, 4)] == [SEEDS - 2, SEEDS - 1, 0, 1]


@pytest.mark.parametrize(("factor", "size"), [(2, (2048, 1024)), (4, (1024, 512)), (8, (512, 256)), (16, (256, 128))])
def test_a_smaller_factor_makes_larger_pictures(factor: int, size: tuple[int, int]) -> None:
    recipe = Recipe(prompt="a fox", seed=1, width=512, height=256, downsampling_factor=factor)
    assert recipe.output_size == size
    assert recipe.megapixels == pytest.approx(size[0] * size[1] / 1_000_000)


def test_a_recipe_comes_back_from_json_as_it_was() -> None:
    recipe = Recipe(
        prompt="a fox\nin 雪 🦊",
        negative_prompt="fog",
        num_images=9,
        seed=4_294_967_295,
        width=640,
        height=384,
        steps=20,
        guidance_scale=4.5,
        eta=0.3,
        sampler="Euler a",
        downsampling_factor=16,
        model="tiny",
        strength=0.5,
        source_image="00000000-0000-0000-0000-000000000001",
        source_url="https://example.org/fox.png",
        lora_hashes="ink: 0123456789ab",
        decoding="in tiles",
    )
    usual = Recipe(prompt="", seed=0).to_dict()
    assert [name for name, value in recipe.to_dict().items() if value == usual[name]] == []  # all are put to the test
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_settings_of_a_later_version_are_passed_over() -> None:
    assert Recipe.from_dict({"prompt": "a fox", "seed": 5, "warp": 9}) == Recipe(prompt="a fox", seed=5)


def test_a_recipe_keeps_all_but_its_model_when_that_is_named() -> None:
    recipe = Recipe(prompt="a fox", seed=5, steps=3)
    assert recipe.with_model("tiny").to_dict() == {**recipe.to_dict(), "model": "tiny"}
