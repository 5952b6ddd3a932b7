"""Tools that write a setting under a name: the same few settings, under names of their own."""

from collections.abc import Mapping
from typing import Any

from library.dialects.values import object_in, size, told, words
from library.samplers import named

_THEIRS = {
    "prompt": ("prompt", "positive_prompt", "c"),
    "negative_prompt": ("negative_prompt", "negativeprompt", "negative", "uc"),
    "seed": ("seed",),
    "width": ("width",),
    "height": ("height",),
    "steps": ("steps", "num_inference_steps"),
    "guidance_scale": ("guidance_scale", "cfg_scale", "cfgscale", "cfg", "scale"),
    "model": ("model", "base_model", "base_model_name", "stable_diffusion_model", "use_stable_diffusion_model"),
}
_SAMPLER = ("sampler", "sampler_name", "comfyuisampler", "autowebuisampler")
_SCHEDULE = ("scheduler", "noise_schedule", "comfyuischeduler")
_SIZE = ("size", "resolution")


def settings(data: Mapping[str, object], tool: str) -> dict[str, Any]:
    """What `data` says. Capitals and blanks in its keys do not matter: 'Negative Prompt' is negative_prompt."""
    given = {key.casefold().replace(" ", "_"): value for key, value in data.items()}

    def first(*names: str) -> object:
        return next((given[name] for name in names if given.get(name) not in (None, "", "None")), None)

    found = {ours: first(*theirs) for ours, theirs in _THEIRS.items()}
    if isinstance(found["model"], Mapping):  # InvokeAI's since 3
        found["model"] = found["model"].get("name") or found["model"].get("model_name")
    if both := size(first(*_SIZE)):
        found["width"], found["height"] = both
    sampler, schedule = words(first(*_SAMPLER)), words(first(*_SCHEDULE))
    # Some call the sampler a scheduler, as diffusers does.
    found["sampler"] = named(sampler, schedule) if sampler else named(schedule)
    return told(found, tool)


def in_json(data: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """What the JSON says that stands where A1111 has its text. `texts` are the file's others."""
    if isinstance(inner := data.get("sui_image_params"), dict):
        return settings(inner, f"SwarmUI {words(inner.get('swarm_version'))}")
    if tool := _fooocus(data, texts):
        return settings(data, tool)
    if {"num_inference_steps", "use_stable_diffusion_model", "Stable Diffusion model"} & data.keys():
        return settings(data, "Easy Diffusion")
    return settings(data, "Draw Things") if {"c", "uc"} <= data.keys() else {}


def _fooocus(data: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """'Fooocus v2.5.5', or a tool made from it; empty for another."""
    told = (words(data.get("software")), words(data.get("version")), texts.get("Software", ""))
    name = next((text for text in told if "Fooocus" in text), "")
    return name or ("Fooocus" if "fooocus_scheme" in texts else "")


def comment(texts: Mapping[str, str]) -> dict[str, Any]:
    """Older Fooocus and its kin have a comment that is JSON."""
    data = object_in(texts.get("Comment", ""))
    is_theirs = {"prompt", "negative_prompt"} <= data.keys() and not isinstance(data["prompt"], dict)
    return settings(data, _fooocus(data, texts) or "Fooocus") if is_theirs else {}


def easy_diffusion(texts: Mapping[str, str]) -> dict[str, Any]:
    """One text for each field, named as in its code or as on its page."""
    marks = {"negative_prompt", "Negative Prompt", "num_inference_steps", "Guidance Scale"}
    return settings(texts, "Easy Diffusion") if marks & texts.keys() else {}


def novelai(texts: Mapping[str, str]) -> dict[str, Any]:
    """Settings as JSON in the comment, words and model in texts of their own.

    What it also hides in the last bits of the alpha channel is not looked at: that would need the pixels.
    """
    if texts.get("Software") != "NovelAI":
        return {}
    data = object_in(texts.get("Comment", ""))
    own = {"prompt": texts.get("Description"), "model": texts.get("Source")}
    return settings({**own, **data}, "NovelAI")


def draw_things(texts: Mapping[str, str]) -> dict[str, Any]:
    """JSON inside the XMP."""
    data = object_in(texts.get("exif:UserComment", ""))
    return settings(data, "Draw Things") if {"c", "uc"} & data.keys() else {}
