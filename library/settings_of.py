"""What a picture that somebody brings was made with, and by what. The file may be anything; its pixels are not read."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from library import chunks
from library.infotext import parse, plain
from library.png import CHUNK

NAMES = (
    *("prompt", "negative_prompt", "num_images", "seed", "width", "height", "steps", "guidance_scale", "eta"),
    *("sampler", "downsampling_factor", "model"),
)
"""Settings of a recipe, as they stand in the pictures."""

OTHERS = {
    "workflow": "ComfyUI",
    "prompt": "ComfyUI",
    "invokeai_metadata": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "InvokeAI",
}
"""Keyword of a text chunk -> the tool that writes it, in a form of its own."""


class NoSettings(ValueError):
    """There is nothing to take over; the message is a sentence for people."""


@dataclass(frozen=True)
class Found:
    """The settings by a recipe's names. Text is text, numbers are finite; nothing else about them is known."""

    settings: dict[str, Any]
    tool: str
    """Who made the picture: 'Playground', 'A1111 v1.10.1'; empty where nothing says so."""


def found_in(file: IO[bytes], name: str) -> Found:
    """What the file says: our own chunk, which is complete, before the text that most tools write.

    Args:
        name: the file's, for the sentences.

    Raises:
        NoSettings
    """
    try:
        texts = chunks.texts(file)
    except chunks.NotPNG as error:
        raise NoSettings(f"{name} is no PNG.") from error
    own = _own(texts.get(CHUNK, ""))
    if own:
        return Found(own, "Playground")
    text = texts.get("parameters", "")
    foreign = _foreign(texts)
    if foreign:
        raise NoSettings(f"{name} was made by {foreign}, whose settings cannot be read here.")
    settings = parse(text)
    tool = settings.pop("tool", "")
    if not settings:
        raise NoSettings(
            f"There are no settings in {name}: it was not made by this site or A1111, or they were taken out."
        )
    return Found(settings, tool)


def _own(text: str) -> dict[str, Any]:
    """The recipe with this picture's own seed; empty when the chunk is not as we write it."""
    own = _json(text)
    recipe = own.get("recipe")
    if not isinstance(recipe, dict):
        return {}
    given = {**recipe, "seed": own.get("seed", recipe.get("seed"))}
    values = {name: _sound(given.get(name)) for name in NAMES}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _foreign(texts: Mapping[str, str]) -> str:
    """The tool whose way of writing is not ours to read; empty where `parameters` can be."""
    text = texts.get("parameters", "").strip()
    if not text:
        return next((tool for keyword, tool in OTHERS.items() if keyword in texts), "")
    is_json = text.startswith("{") and (bool(_json(text)) or text.startswith('{"'))
    if not is_json:
        return ""
    if "fooocus_scheme" in texts:
        return "Fooocus"
    return "SwarmUI" if "sui_image_params" in text else "a tool"


def _json(text: str) -> dict[str, Any]:
    """Empty for anything but a JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _sound(value: object) -> str | int | float | None:
    """The value if it is text or a finite number; a bool is no number here."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
