"""What other tools write, as they write it, in every kind of file that they do; ComfyUI's graphs are beside this."""

import html
import json
from typing import Any

import pytest

from tests.library.files import FOX, XMP, a_file, comment, exif, said, with_exif
from tests.library.test_infotext import EXAMPLE
from tests.library.test_invokeai import DREAM, INVOKE, SECOND
from tests.library.test_settings_of import a_png, found, refusal

# SwarmUI

SWARM = {
    "sui_image_params": {
        "prompt": "a red fox in snow", "negativeprompt": "blurry, lowres", "model": "SD/v1-5-pruned.safetensors",
        "seed": 42, "steps": 30, "cfgscale": 7.5, "aspectratio": "Custom", "width": 512, "height": 768,
        "sampler": "dpmpp_2m", "scheduler": "karras", "automaticvae": True, "swarm_version": "0.9.6.2",
    },
    "sui_extra_data": {"date": "2025-05-01", "generation_time": "0.00 (prep) and 4.48 (gen) seconds"},
    "sui_models": [{"name": "v1-5-pruned.safetensors", "param": "model", "hash": "0x6ce0161689"}],
}  # fmt: skip


def test_swarmui_writes_json_where_a1111_has_its_text() -> None:
    assert said(a_png(parameters=json.dumps(SWARM, indent=4)), "SwarmUI 0.9.6.2") == FOX


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(("order", "codec"), [("<", "utf-16-le"), (">", "utf-16-be")])
def test_swarmui_does_so_in_other_files_too(kind: str, order: str, codec: str) -> None:
    data = with_exif(kind, exif(comment(json.dumps(SWARM, ensure_ascii=False), codec), order))
    assert said(data, "SwarmUI 0.9.6.2") == FOX


def test_early_swarmui_had_another_tag_and_other_names() -> None:
    names = {"sampler": "comfyuisampler", "scheduler": "comfyuischeduler"}
    early = {names.get(name, name): value for name, value in SWARM["sui_image_params"].items()}  # type: ignore[attr-defined]
    del early["swarm_version"]
    data = with_exif("JPEG", exif(Model=json.dumps({"sui_image_params": early})))
    assert said(data, "SwarmUI") == FOX


# Fooocus

FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "v1-5-pruned", "base_model_hash": "c52892e9", "clip_skip": 2,
    "full_negative_prompt": ["blurry, lowres"], "full_prompt": ["cinematic still a red fox in snow . 35mm"],
    "guidance_scale": 7.5, "loras": [], "metadata_scheme": "fooocus", "negative_prompt": "blurry, lowres",
    "performance": "Speed", "prompt": "a red fox in snow", "resolution": "(512, 768)", "sampler": "dpmpp_2m",
    "scheduler": "karras", "seed": "42", "sharpness": 2, "steps": 30, "styles": "['Fooocus V2']",
    "vae": "Default (model)", "version": "Fooocus v2.5.5",
}  # fmt: skip
FOOOCUS_TEXT = """cinematic still a red fox in snow . 35mm
Negative prompt: blurry, lowres
Steps: 30, Sampler: DPM++ 2M Karras, Seed: 42, Size: 512x768, CFG scale: 7.5, Sharpness: 2, ADM Guidance: \
"(1.5, 0.8, 0.3)", Model: v1-5-pruned, Performance: Speed, Scheduler: karras, VAE: Default (model), \
Raw prompt: a red fox in snow, Version: Fooocus v2.5.5"""
RESOLVED = {**FOX, "prompt": "cinematic still a red fox in snow . 35mm"}


def test_fooocus_in_its_own_scheme() -> None:
    data = a_png(parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus")
    assert said(data, "Fooocus v2.5.5") == FOX


def test_fooocus_in_the_scheme_of_a1111() -> None:
    assert said(a_png(parameters=FOOOCUS_TEXT, fooocus_scheme="a1111"), "Fooocus v2.5.5") == RESOLVED


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("text", "scheme", "expected"), [(json.dumps(FOOOCUS), "fooocus", FOX), (FOOOCUS_TEXT, "a1111", RESOLVED)]
)
def test_fooocus_in_other_files_puts_it_among_the_tags(kind: str, text: str, scheme: str, expected: Any) -> None:
    tags = exif(UserComment=text, Software="Fooocus v2.5.5", MakerNote=scheme)
    assert said(with_exif(kind, tags), "Fooocus v2.5.5") == expected


def test_a_fooocus_of_before_and_its_kin_write_a_comment() -> None:
    names = {"guidance_scale": "cfg", "version": "software"}
    old = {names.get(name, name): value for name, value in FOOOCUS.items() if name != "resolution"}
    old |= {"width": 512, "height": 768, "software": "Fooocus-MRE v2.0"}
    for data in (a_png(Comment=json.dumps(old)), a_file("JPEG", comment=json.dumps(old))):
        assert said(data, "Fooocus-MRE v2.0") == FOX


# Easy Diffusion

EASY = {
    "prompt": "a red fox in snow", "negative_prompt": "blurry, lowres", "seed": "42",
    "use_stable_diffusion_model": "mine/v1-5-pruned", "clip_skip": "False", "use_vae_model": "None",
    "sampler_name": "dpmpp_2m", "width": "512", "height": "768", "num_inference_steps": "30", "guidance_scale": "7.5",
    "use_lora_model": "None", "tiling": "None", "use_upscale": "None",
}  # fmt: skip
LABELS = {
    "Prompt": "a red fox in snow", "Negative Prompt": "blurry, lowres", "Seed": "42",
    "Stable Diffusion model": "C:\\models\\v1-5-pruned.ckpt", "VAE model": "None", "Sampler": "dpmpp_2m",
    "Width": "512", "Height": "768", "Steps": "30", "Guidance Scale": "7.5", "Seamless Tiling": "None",
}  # fmt: skip


@pytest.mark.parametrize("texts", [EASY, LABELS])
def test_easy_diffusion_writes_a_text_for_each_field_under_two_sets_of_names(texts: dict[str, str]) -> None:
    assert said(a_png(**texts), "Easy Diffusion") == {**FOX, "sampler": "DPM++ 2M"}


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("texts", [EASY, LABELS])
def test_easy_diffusion_in_other_files_writes_json(kind: str, texts: dict[str, str]) -> None:
    whole = {**texts, "seed" if texts is EASY else "Seed": 42}
    assert said(with_exif(kind, exif(comment(json.dumps(whole)))), "Easy Diffusion")["model"] == "v1-5-pruned"


def test_easy_diffusion_without_a_negative_prompt() -> None:
    assert "negative_prompt" not in said(a_png(**{**EASY, "negative_prompt": ""}), "Easy Diffusion")


# NovelAI and Draw Things

NOVELAI = {"steps": 30, "sampler": "k_dpmpp_2m", "seed": 42, "strength": 0.69, "noise": 0.667, "scale": 7.5}


def test_novelai_has_its_words_beside_the_json() -> None:
    texts = {
        "Title": "AI generated image", "Description": "a red fox in snow", "Software": "NovelAI",
        "Source": "Stable Diffusion 1D44365E", "Comment": json.dumps({**NOVELAI, "uc": "blurry, lowres"}),
    }  # fmt: skip
    expected = {**FOX, "sampler": "DPM++ 2M", "model": "Stable Diffusion 1D44365E"}
    assert said(a_png(**texts), "NovelAI") == {
        name: value for name, value in expected.items() if name not in ("width", "height", "downsampling_factor")
    }


def test_newer_novelai_has_all_in_the_json() -> None:
    more = {
        "prompt": "a red fox in snow", "uc": "blurry, lowres", "width": 512, "height": 768,
        "noise_schedule": "karras", "v4_prompt": {"caption": {"base_caption": "x"}},
    }  # fmt: skip
    texts = {"Software": "NovelAI", "Source": "NovelAI Diffusion V4 37442FCA", "Comment": json.dumps(NOVELAI | more)}
    assert said(a_png(**texts), "NovelAI") == {**FOX, "model": "NovelAI Diffusion V4 37442FCA"}


DRAW = {
    "c": "a red fox in snow", "uc": "blurry, lowres", "model": "v1-5-pruned.ckpt", "sampler": "DPM++ 2M Karras",
    "scale": 7.5, "seed": 42, "seed_mode": "Scale Alike", "size": "512x768", "steps": 30, "strength": 1, "lora": [],
    "v2": {"aestheticScore": 6, "prompt": "another"},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_draw_things_has_json_in_its_xmp(kind: str) -> None:
    packet = XMP.format(html.escape(json.dumps(DRAW)))
    assert said(a_file(kind, xmp=packet.encode()), "Draw Things") == FOX
    assert said(a_png(**{"XML:com.adobe.xmp": packet}), "Draw Things") == FOX


# Several at once


def test_where_several_tools_left_their_marks_the_order_decides() -> None:
    marks = {
        "parameters": json.dumps(SWARM), "postprocessing": EXAMPLE, **EASY, "invokeai_metadata": json.dumps(INVOKE),
        "sd-metadata": json.dumps(SECOND), "Dream": DREAM, "Software": "NovelAI", "Comment": json.dumps(NOVELAI),
        "XML:com.adobe.xmp": XMP.format(html.escape(json.dumps(DRAW))),
    }  # fmt: skip
    seen = []
    for gone in (["parameters"], ["postprocessing"], list(EASY), ["invokeai_metadata"], ["sd-metadata"], ["Dream"],
                 ["Software"], ["Comment"]):  # fmt: skip
        seen.append(found(a_png(**marks)).tool)
        marks = {keyword: text for keyword, text in marks.items() if keyword not in gone}
        marks |= {"Comment": json.dumps(FOOOCUS)} if gone == ["Software"] else {}
    seen.append(found(a_png(**marks)).tool)
    assert seen == [
        *("SwarmUI 0.9.6.2", "A1111 v1.10.1", "Easy Diffusion", "InvokeAI 5.6.0", "InvokeAI 2.3.0", "InvokeAI"),
        *("NovelAI", "Fooocus v2.5.5", "Draw Things"),
    ]


def test_what_upscaling_adds_is_no_prompt() -> None:
    added = "Postprocess upscale by: 4, Postprocess upscaler: R-ESRGAN 4x+"
    assert refusal(a_png(postprocessing=added)).startswith("There are no settings in fox.png")
    assert said(a_png(parameters=EXAMPLE, postprocessing=added), "A1111 v1.10.1")["seed"] == 965400086
