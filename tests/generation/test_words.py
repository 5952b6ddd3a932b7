"""How a prompt is read: brackets, weights, and hostile mixtures of them."""

from pathlib import Path

import pytest

from generation.engine import words
from generation.engine.checkpoints import choose
from generation.engine.diffusion import DiffusionEngine
from generation.engine.recipe import Recipe
from tests.site import ROOT


@pytest.mark.parametrize(
    ("prompt", "wanted", "unwanted"),
    [
        ("a fox", "a fox", ""),
        ("a fox [snow] in a wood [people, dogs]", "a fox in a wood", "snow, people, dogs"),
        ("[snow]", "", "snow"),
        ("a fox []", "a fox", ""),
        (r"a \[sign\]", r"a \[sign\]", ""),
        ("a [fox", "a [fox", ""),
        ("a ] fox [", "a ] fox [", ""),
    ],
)
def test_square_brackets_say_what_not_to_draw(prompt: str, wanted: str, unwanted: str) -> None:
    assert (words.wanted(prompt), words.unwanted(prompt, "")) == (wanted, unwanted)


def test_the_negative_prompt_comes_before_what_stands_in_brackets() -> None:
    assert words.unwanted("a fox [snow]", " blurry ") == "blurry, snow"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a red fox", [("a red fox", 1.0)]),
        ("a (red:1.3) fox", [("a", 1.0), ("red", 1.3), ("fox", 1.0)]),
        ("(two words: .5)", [("two words", 0.5)]),
        ("(red:9)", [("red", 3.0)]),
        ("a (red) fox", [("a (red) fox", 1.0)]),
        (r"a \(red:1.3\) fox", [("a (red:1.3) fox", 1.0)]),
        ("((red:1.3))", [("(", 1.0), ("red", 1.3), (")", 1.0)]),
        ("(red:x) (red:1.3", [("(red:x) (red:1.3", 1.0)]),
        ("", []),
    ],
)
def test_weights_are_read_as_people_write_them(text: str, pieces: words.Fragments) -> None:
    assert words.fragments(text) == pieces


@pytest.mark.parametrize(
    "text", ["(" * 2000, "[" * 2000, "(a:1" * 500, "(:1.3)" * 300, "\\" * 2000, "(a:" + "9" * 1990]
)
def test_no_prompt_takes_long_to_read(text: str) -> None:
    assert isinstance(words.plain(words.wanted(text)), str)


@pytest.fixture(scope="module")
def engine() -> DiffusionEngine:
    engine = DiffusionEngine("cpu")
    engine.load(choose("", Path("none"), ROOT / "demo_model" / "model").checkpoints[0])
    return engine


def make(engine: DiffusionEngine, prompt: str, negative_prompt: str = "") -> bytes:
    recipe = Recipe(
        prompt=prompt, negative_prompt=negative_prompt, seed=7, width=128, height=128, steps=2, guidance_scale=4.0
    )
    return engine.generate(recipe, first=1, size=1, on_step=lambda *_: None)[0].tobytes()


def test_the_picture_follows_weights_and_brackets(engine: DiffusionEngine) -> None:
    usual = make(engine, "a red apple")
    assert make(engine, "a (red:1.0) apple") == usual
    assert make(engine, "a (red:1.6) apple") != usual
    assert make(engine, "a red apple [blue]") == make(engine, "a red apple", "blue") != usual
    assert make(engine, "a red apple", "(blue:1.5)") != make(engine, "a red apple", "blue")


@pytest.mark.parametrize("prompt", ["[snow]", "(:1.3)", "(,:0)", "a (fox:0) (crow:3)" * 50])
def test_whatever_people_write_becomes_a_picture(engine: DiffusionEngine, prompt: str) -> None:
    assert len(make(engine, prompt)) == 128 * 128 * 3
