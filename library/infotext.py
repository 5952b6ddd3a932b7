"""The `parameters` text that A1111 introduced and most tools read. Others read it; we read our own chunk."""

import json
from collections.abc import Mapping
from typing import Any

SCHEDULES = ("Karras", "Exponential")  # written apart from the sampler since A1111 1.9


def infotext(recipe: Mapping[str, Any], *, seed: int, width: int, height: int) -> str:
    """The text for one picture of `width` x `height` px that was made from `recipe` with `seed`."""
    sampler, schedule = _split_schedule(str(recipe.get("sampler", "")))
    settings = {
        "Steps": recipe.get("steps"),
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": recipe.get("guidance_scale"),
        "Seed": seed,
        "Size": f"{width}x{height}",
        "Model": recipe.get("model") or None,
        "Version": "Playground",
    }
    negative = recipe.get("negative_prompt")
    lines = [
        str(recipe.get("prompt", "")),
        *([f"Negative prompt: {negative}"] if negative else []),
        ", ".join(f"{key}: {_quoted(value)}" for key, value in settings.items() if value is not None),
    ]
    return "\n".join(lines).strip()


def _split_schedule(sampler: str) -> tuple[str, str | None]:
    """'DPM++ 2M Karras' -> ('DPM++ 2M', 'Karras')."""
    name, _, last = sampler.rpartition(" ")
    return (name, last) if name and last in SCHEDULES else (sampler, None)


def _quoted(value: object) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(",:\n") else text
