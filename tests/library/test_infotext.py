"""The text that other tools read: WIRE 3a, as A1111 1.10 writes it."""

from typing import Any

import pytest

from library.infotext import infotext, parse
from library.samplers import split_any_schedule

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


# Reading

EXAMPLE = """masterpiece, a red fox in snow, (detailed:1.2)
second prompt line
Negative prompt: blurry, lowres
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x512, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Denoising strength: 0.75, Version: v1.10.1"""
USUAL = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768"


def test_what_a1111_wrote_is_read() -> None:
    assert parse(EXAMPLE) == {
        "prompt": "masterpiece, a red fox in snow, (detailed:1.2)\nsecond prompt line",
        "negative_prompt": "blurry, lowres",
        "steps": 20,
        "sampler": "DPM++ 2M Karras",
        "guidance_scale": 7,
        "seed": 965400086,
        "width": 512,
        "height": 512,
        "downsampling_factor": 8,
        "model": "v1-5-pruned-emaonly",
        "tool": "A1111 v1.10.1",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"prompt": "a fox\nin snow", "negative_prompt": "fog,\nrain"},
        {"prompt": "雪の中の狐 🦊: \"quoted\", 'so'\r\nnext\u2028line\x85end"},
        {"prompt": "a fox\nSteps: 99, Sampler: X, CFG scale: 1, Seed: 5"},
        {"sampler": "DPM++ 2M Karras", "guidance_scale": 7.25, "steps": 1},
        {"model": 'odd, "name": \\ 雪\nnext'},
    ],
)
def test_what_we_write_is_read_as_it_was(changes: dict[str, Any]) -> None:
    asked = {**RECIPE, **changes, "seed": 42, "width": 1024, "height": 512, "tool": "Playground"}
    said = {name: value for name, value in asked.items() if name not in ("num_images", "eta") and value != ""}
    assert parse(text_of(**changes)) == said


def test_the_order_does_not_matter() -> None:
    text = (
        "a fox\nSteps: 30, Size: 640x512, Sampler: DPM++ 2M, Scheduler: Karras, Seed: 7, CFG scale: 5.5, "
        "App: SD.Next, Version: 1a2b3c4, Pipeline: StableDiffusionPipeline, Operations: txt2img, Model: sd-v1-5"
    )
    assert parse(text) == {
        "prompt": "a fox",
        "steps": 30,
        "width": 640,
        "height": 512,
        "downsampling_factor": 8,
        "sampler": "DPM++ 2M Karras",
        "seed": 7,
        "guidance_scale": 5.5,
        "model": "sd-v1-5",
        "tool": "SD.Next",
    }


@pytest.mark.parametrize(
    ("line", "sampler"),
    [
        ("Sampler: DPM++ 2M Karras", "DPM++ 2M Karras"),
        ("Sampler: DPM++ 2M Karras, Schedule type: Karras", "DPM++ 2M Karras"),
        ("Sampler: Euler a, Schedule type: Automatic", "Euler a"),
        ("Sampler: Euler, Schedule type: SGM Uniform", "Euler SGM Uniform"),
    ],
)
def test_sampler_and_schedule_are_one_name_however_they_stand(line: str, sampler: str) -> None:
    assert parse(f"a fox\nSteps: 20, Seed: 1, {line}")["sampler"] == sampler


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("DPM++ 2M Karras", ("DPM++ 2M", "Karras")),
        ("Euler SGM Uniform", ("Euler", "SGM Uniform")),
        ("DDIM", ("DDIM", None)),
        ("DPM++ 2M SDE", ("DPM++ 2M SDE", None)),
    ],
)
def test_any_schedule_can_be_told_from_its_sampler(name: str, parts: tuple[str, str | None]) -> None:
    assert split_any_schedule(name) == parts


@pytest.mark.parametrize(
    ("version", "tool"),
    [
        ("v1.6.0", "A1111 v1.6.0"),
        ("f2.0.1v1.10.1-previous-659", "Forge f2.0.1v1.10.1-previous-659"),
        ("ComfyUI", "ComfyUI"),
        ("", "A1111 or a tool like it"),
    ],
)
def test_who_wrote_it(version: str, tool: str) -> None:
    assert parse(f"a fox\n{USUAL}{', Version: ' if version else ''}{version}")["tool"] == tool


@pytest.mark.parametrize("prompt", ["a fox", "a fox\nstyle: noir", "style: noir, mood: dark, light: low", "{a|b} fox"])
def test_without_settings_all_is_prompt(prompt: str) -> None:
    assert parse(prompt) == {"prompt": prompt}


def test_settings_alone_have_no_prompt() -> None:
    assert "prompt" not in parse(USUAL)
    assert parse(f"Negative prompt: fog\n{USUAL}")["negative_prompt"] == "fog"


def test_a_comma_in_quotes_ends_no_value() -> None:
    found = parse(
        f'a fox\nLora hashes: "Seed: 1, Steps: 2", {USUAL.replace("Seed: 1", "Seed: 9")}, Model: "a, \\"b\\""'
    )
    assert (found["seed"], found["steps"], found["model"]) == (9, 20, 'a, "b"')


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("Steps: many, Seed: 1, Size: 8x8", "steps"),
        (f"Steps: {'9' * 5000}, Seed: 1, Size: 8x8", "steps"),
        ("Steps: 1, Seed: 0x7f, Size: 8x8", "seed"),
        ("Steps: 1, Seed: ١٢, Size: 8x8", "seed"),
        ("Steps: 1, CFG scale: nan, Seed: 1", "guidance_scale"),
        ("Steps: 1, CFG scale: 1e999, Seed: 1", "guidance_scale"),
        (f"Steps: 1, Seed: 1, Size: {'9' * 5000}x8", "width"),
        ("Steps: 1, Seed: 1, Size: 512", "width"),
        ('Steps: 1, Seed: 1, Size: 8x8, Model: ""', "model"),
    ],
)
def test_what_is_no_value_is_left_out(line: str, missing: str) -> None:
    found = parse(f"a fox\n{line}")
    assert missing not in found
    assert found["prompt"] == "a fox"


LINES = ["a" * 128_000, "a " * 64_000, 'ab:"' * 32_000, "ab: " * 32_000, '"' * 128_000, "\\" * 128_000, "-: " * 40_000]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", LINES)
def test_a_hostile_line_takes_no_more_time_than_it_is_long(line: str) -> None:
    assert parse(f"a fox\n{USUAL}, {line}")["steps"] == 20
    parse(f'{USUAL}, Model: "{line}')


def test_what_no_page_can_hold_is_taken_out() -> None:
    found = parse(f'a\0 \ud800fox\n{USUAL}, Model: "\\udfff\\u0000, x"')
    assert found["prompt"] == "a ?fox"
    assert found["model"] == "?, x"
