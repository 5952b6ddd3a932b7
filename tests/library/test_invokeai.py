"""InvokeAI in its three ways of writing, and nonsense there."""

import json
from typing import Any

import pytest

from tests.library.files import FOX, said
from tests.library.test_settings_of import a_png, found, refusal

INVOKE = {
    "generation_mode": "txt2img", "positive_prompt": "a red fox in snow", "negative_prompt": "blurry, lowres",
    "width": 512, "height": 768, "seed": 42, "rand_device": "cpu", "cfg_scale": 7.5, "cfg_rescale_multiplier": 0.0,
    "steps": 30, "scheduler": "dpmpp_2m_k", "seamless_x": False, "app_version": "5.6.0",
    "model": {"key": "9f58", "hash": "blake3:6a22", "name": "v1-5-pruned", "base": "sd-1", "type": "main"},
}  # fmt: skip


def test_invokeai_since_its_third_version() -> None:
    data = a_png(invokeai_metadata=json.dumps(INVOKE), invokeai_graph="{}", invokeai_workflow="{}")
    assert said(data, "InvokeAI 5.6.0") == FOX


def test_invokeai_named_its_model_otherwise_before() -> None:
    third = {**INVOKE, "model": {"model_name": "v1-5-pruned", "base_model": "sd-1"}, "app_version": "3.4.0"}
    assert said(a_png(invokeai_metadata=json.dumps(third)), "InvokeAI 3.4.0") == FOX


IMAGE = {
    "prompt": [{"prompt": "a red fox in snow [blurry, lowres]", "weight": 1.0}], "steps": 30, "cfg_scale": 7.5,
    "threshold": 0, "perlin": 0, "height": 768, "width": 512, "seed": 42, "seamless": False, "hires_fix": False,
    "type": "txt2img", "postprocessing": None, "sampler": "k_dpmpp_2m", "variations": [],
}  # fmt: skip
SECOND = {
    "model": "stable diffusion", "model_weights": "v1-5-pruned", "model_hash": "56d1442a", "image": IMAGE,
    "app_id": "invoke-ai/InvokeAI", "app_version": "2.3.0",
}  # fmt: skip
DREAM = '"a red fox in snow [blurry, lowres]" -s 30 -S 42 -W 512 -H 768 -C 7.5 -A k_dpmpp_2m'


@pytest.mark.parametrize("prompt", [IMAGE["prompt"], "a red fox in snow [blurry, lowres]"])
def test_the_second_invokeai(prompt: Any) -> None:
    second = {**SECOND, "image": {**IMAGE, "prompt": prompt}}
    data = a_png(**{"Dream": DREAM, "sd-metadata": json.dumps(second)})
    assert said(data, "InvokeAI 2.3.0") == {**FOX, "sampler": "DPM++ 2M"}


@pytest.mark.parametrize(
    "line",
    [
        DREAM,
        '"a red fox in snow [blurry, lowres]" -s30 -S42 -W512 -H768 -C7.5 -Ak_dpmpp_2m -G 0.9 -U 4 0.75 -cf 0.75',
        '"a red fox in snow [blurry, lowres]" -s 30 -S 42 -W 512 -H 768 -C 7.5 -I "x.png" -A k_dpmpp_2m --seamless',
    ],
)
def test_the_first_invokeai_wrote_its_command_line(line: str) -> None:
    expected = {name: value for name, value in FOX.items() if name != "model"}
    assert said(a_png(Dream=line), "InvokeAI") == {**expected, "sampler": "DPM++ 2M"}


def test_quotes_in_the_words_of_a_command_line_are_words() -> None:
    settings = said(a_png(Dream='"a "red" fox" -sly, [fog] snow" -s 30 -S 42 -A k_lms'), "InvokeAI")
    assert settings["prompt"] == 'a "red" fox" -sly, snow'
    assert (settings["negative_prompt"], settings["sampler"], settings["steps"]) == ("fog", "LMS", 30)


# Nonsense


@pytest.mark.parametrize("value", [None, True, [], {}, [[1]], "many", "9" * 5000, 10**30, 1e300, "NaN", "1e9"])
@pytest.mark.parametrize("name", ["steps", "seed", "cfg_scale", "width", "height"])
def test_what_is_no_number_is_left_out(name: str, value: Any) -> None:
    settings = said(a_png(invokeai_metadata=json.dumps({**INVOKE, name: value})), "InvokeAI 5.6.0")
    ours = {"cfg_scale": "guidance_scale"}.get(name, name)
    gone = {"width", "height", "downsampling_factor"} if name in ("width", "height") else {ours}
    assert settings == {key: kept for key, kept in FOX.items() if key not in gone}


@pytest.mark.parametrize("steps", [20.5, "20.5"])
def test_a_part_of_a_step_is_left_out(steps: Any) -> None:
    assert "steps" not in said(a_png(invokeai_metadata=json.dumps({**INVOKE, "steps": steps})), "InvokeAI 5.6.0")


@pytest.mark.parametrize("steps", [30.0, "30", "30.0", " 30 "])
def test_a_number_may_be_written_as_text(steps: Any) -> None:
    assert said(a_png(invokeai_metadata=json.dumps({**INVOKE, "steps": steps})), "InvokeAI 5.6.0")["steps"] == 30


def test_what_no_page_can_hold_is_taken_out() -> None:
    odd = {**INVOKE, "positive_prompt": "a \ud800\0fox", "app_version": "5\0.6", "model": {"name": "x\0y"}}
    settings = said(a_png(invokeai_metadata=json.dumps(odd)), "InvokeAI 5.6")
    assert (settings["prompt"], settings["model"]) == ("a ?fox", "xy")


@pytest.mark.parametrize("version", [None, 5, ["5"], {"a": 1}])
def test_a_version_that_is_none_is_not_told(version: Any) -> None:
    assert found(a_png(invokeai_metadata=json.dumps({**INVOKE, "app_version": version}))).tool == "InvokeAI"


@pytest.mark.parametrize("keyword", ["invokeai_metadata", "sd-metadata", "Dream", "Comment", "exif:UserComment"])
@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '"', "[" * 100_000, '{"a":' * 30_000, '{"image": []}', '{"image": {"prompt": []}}']
)  # fmt: skip
def test_nonsense_says_nothing(keyword: str, text: str) -> None:
    refusal(a_png(**{keyword: text}))
