"""The text that other tools read: WIRE 3a, as A1111 1.10 writes it."""

from typing import Any

import pytest

from library.infotext import infotext

RECIPE = {
    "prompt": "a red fox in snow",
    "negative_prompt": "",
    "num_images": 3,
    "seed": 41,
    "width": 512,
    "height": 768,
    "steps": 20,
    "guidance_scale": 7.5,
    "eta": 0.0,
    "sampler": "DDIM",
    "downsampling_factor": 8,
    "model": "tiny",
}


def text_of(**changes: Any) -> str:
    return infotext({**RECIPE, **changes}, seed=42, width=1024, height=512)


def settings_of(**changes: Any) -> str:
    return text_of(**changes).splitlines()[-1]


def test_without_a_negative_prompt_there_are_two_lines() -> None:
    assert text_of() == (
        "a red fox in snow\n"
        "Steps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 42, Size: 1024x512, Model: tiny, Version: Playground"
    )


def test_the_negative_prompt_stands_between_the_words_and_the_settings() -> None:
    lines = text_of(prompt="a fox\nin snow", negative_prompt="fog,\nrain").split("\n")
    assert lines[:-1] == ["a fox", "in snow", "Negative prompt: fog,", "rain"]


@pytest.mark.parametrize(
    ("sampler", "text"),
    [
        ("DPM++ 2M Karras", "Sampler: DPM++ 2M, Schedule type: Karras, "),
        ("DPM++ 2M", "Sampler: DPM++ 2M, CFG"),
        ("Euler a", "Sampler: Euler a, CFG"),
        ("Karras", "Sampler: Karras, CFG"),
    ],
)
def test_a_schedule_stands_apart_from_its_sampler(sampler: str, text: str) -> None:
    assert text in settings_of(sampler=sampler)


@pytest.mark.parametrize(("scale", "text"), [(7.0, "7"), (7.5, "7.5"), (4, "4"), (12.345678, "12.345678")])
def test_a_number_is_written_as_short_as_it_is(scale: float, text: str) -> None:
    assert f"CFG scale: {text}, " in settings_of(guidance_scale=scale)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("v1-5 pruned", "Model: v1-5 pruned"),
        ("stabilityai/sd-turbo", "Model: stabilityai/sd-turbo"),
        ("a, b", 'Model: "a, b"'),
        ("c: d", 'Model: "c: d"'),
        ("one\ntwo", 'Model: "one\\ntwo"'),
        ('say "雪", please', 'Model: "say \\"雪\\", please"'),
    ],
)
def test_a_value_that_would_be_mistaken_is_quoted_as_json(model: str, text: str) -> None:
    assert settings_of(model=model).endswith(f"{text}, Version: Playground")


def test_a_model_without_a_name_is_left_out() -> None:
    assert "Model" not in settings_of(model="")


def test_no_prompt_leaves_no_empty_line() -> None:
    assert text_of(prompt="").startswith("Steps: 20")
