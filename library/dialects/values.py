"""Values that strangers wrote, brought into the types of a recipe. Whatever makes no sense is left out."""

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import PureWindowsPath
from typing import Any

from library.infotext import number as number_in
from library.infotext import plain

MOST = 10**20  # seeds have 64 bits in some tools
_FILES = (".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".sft", ".bin")


def read(text: str) -> Any:
    """What the JSON says; None for what is none, or has too many layers."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def object_in(text: str) -> dict[str, Any]:
    """Empty for anything but a JSON object."""
    value = read(text)
    return value if isinstance(value, dict) else {}


def words(value: object) -> str:
    return plain(value).strip() if isinstance(value, str) else ""


def number(value: object) -> int | float | None:
    """A finite number, also one that is written as text; a bool is none."""
    if isinstance(value, str):
        return number_in(value.strip())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if -MOST < value < MOST else None  # which no NaN is


def whole(value: object) -> int | None:
    found = number(value)
    return None if found is None or math.floor(found) != found else int(found)


def up_to(most: int, value: object) -> int | None:
    """A whole number from 0 to `most`, as JSON has it."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def model(value: object) -> str:
    """The bare name of a model, whether folders are before it and an ending behind it or not."""
    name = PureWindowsPath(words(value)).name  # which knows both kinds of slashes
    return name[: -len(ending)] if (ending := _ending(name)) else name


def _ending(name: str) -> str:
    return next((ending for ending in _FILES if name.casefold().endswith(ending)), "")


def size(value: object) -> tuple[int, int] | None:
    """Width and height in '512x768', '(512, 768)' and the like."""
    match = re.fullmatch(r"\D{0,4}(\d{1,6})\D{1,4}(\d{1,6})\D{0,4}", words(value), re.ASCII)
    return (int(match[1]), int(match[2])) if match else None


_KINDS: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(("prompt", "negative_prompt", "sampler"), words),
    "model": model,
    **dict.fromkeys(("num_images", "seed", "width", "height", "steps", "downsampling_factor"), whole),
    **dict.fromkeys(("guidance_scale", "eta", "strength"), number),
}


def tidy(found: Mapping[str, object]) -> dict[str, Any]:
    """The settings with sound values; a size without its other half is none, and is the picture's own."""
    values = {name: _KINDS[name](value) for name, value in found.items()}
    settings = {name: value for name, value in values.items() if value not in (None, "")}
    if not {"width", "height"} <= settings.keys():
        return {name: settings[name] for name in settings.keys() - {"width", "height", "downsampling_factor"}}
    return {"downsampling_factor": 8, **settings}


def told(found: Mapping[str, object], tool: str) -> dict[str, Any]:
    """The sound settings with their tool; nothing where there are none."""
    settings = tidy(found)
    return {**settings, "tool": plain(tool).strip()} if settings else {}
