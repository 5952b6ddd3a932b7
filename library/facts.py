"""What can be asked of a recipe: the columns that searches look at, and the settings as people read them."""

from collections.abc import Mapping
from typing import Any

LABELS = {
    "prompt": "Prompt",
    "negative_prompt": "Without",
    "num_images": "Images",
    "seed": "Seed",
    "width": "Width",
    "height": "Height",
    "downsampling_factor": "Factor",
    "steps": "Steps",
    "sampler": "Sampler",
    "guidance_scale": "Guidance",
    "eta": "Eta",
    "strength": "Strength",
    "model": "Model",
    "source_url": "Source",
    "lora_hashes": "LoRA hashes",
}
SHOWN_ELSEWHERE = ("source_image", "decoding")  # with links, and with each picture


def facts(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a batch that are taken from its recipe; None or "" where it does not say."""
    return {
        "model": str(recipe.get("model") or "")[:255],
        "sampler": str(recipe.get("sampler") or "")[:64],
        "size": output_size(recipe),
        "seed": _whole(recipe.get("seed")),
        "steps": _whole(recipe.get("steps")),
        "guidance_scale": _number(recipe.get("guidance_scale")),
    }


def output_size(recipe: Mapping[str, Any]) -> str:
    """Of the pictures that come out.

    >>> output_size({"width": 512, "height": 256, "downsampling_factor": 4})
    '1024x512'
    """
    width, height = _whole(recipe.get("width")), _whole(recipe.get("height"))
    factor = _whole(recipe.get("downsampling_factor", 8))
    return f"{width * 8 // factor}x{height * 8 // factor}" if width and height and factor else ""


def settings(recipe: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """(label, value) of everything that the recipe says, in the usual order; later versions' keys at the end."""
    return [(LABELS.get(key, key), value) for key, value in _said(recipe).items() if key not in SHOWN_ELSEWHERE]


def _said(recipe: Mapping[str, Any]) -> dict[str, Any]:
    keys = [*LABELS, *(key for key in recipe if key not in LABELS)]  # PostgreSQL keeps no order of its own
    return {key: recipe[key] for key in keys if recipe.get(key) not in ("", None)}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 2**62 else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and abs(value) < 2**31 * 2 else None
