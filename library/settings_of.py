"""What a picture that somebody brings was made with, and by what. The file may be anything; its pixels are not read."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from library import containers, original
from library.dialects import comfyui, flat, invokeai
from library.dialects.values import object_in
from library.infotext import parse, plain
from library.png import CHUNK

NAMES = (
    *("prompt", "negative_prompt", "num_images", "seed", "width", "height", "steps", "guidance_scale", "eta"),
    *("sampler", "downsampling_factor", "strength", "model"),
)
"""Settings of a recipe, as they stand in the pictures."""

TOOLS = {
    "invokeai_metadata": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "Dream": "InvokeAI",
    "workflow": "ComfyUI",
    "prompt": "ComfyUI",
}
"""Keyword -> the only tool that writes it."""

Texts = Mapping[str, str]


class NoSettings(ValueError):
    """There is nothing to take over; the message is a sentence for people."""


@dataclass(frozen=True)
class Found:
    """The settings by a recipe's names. Text is text, numbers are finite; nothing else about them is known."""

    settings: dict[str, Any]
    tool: str
    """Who made the picture: 'Playground', 'A1111 v1.10.1'; empty where nothing says so."""


def found_in(file: IO[bytes], name: str) -> Found:
    """What the file says: our own chunk, which is complete, before what other tools write.

    Args:
        file: a PNG, JPEG or WebP; it is read from its beginning, wherever it stands.
        name: the file's, for the sentences.

    Raises:
        NoSettings
    """
    try:
        texts = containers.texts(file)
        settings = _own(texts) or next(filter(None, (read(texts) for read in READERS)), {})
        settings = settings or original.behind_the_end(file)
    except containers.NotAPicture as error:
        raise NoSettings(f"{name} is no PNG, JPEG or WebP.") from error
    except OSError as error:
        raise NoSettings(f"{name} cannot be read.") from error
    tool = settings.pop("tool", "")
    if not settings:
        raise NoSettings(_why(texts, name))
    return Found(settings, tool)


def _own(texts: Texts) -> dict[str, Any]:
    """The recipe with this picture's own seed; empty when the chunk is not as we write it."""
    own = object_in(texts.get(CHUNK, ""))
    recipe = own.get("recipe")
    if not isinstance(recipe, dict):
        return {}
    given = {**recipe, "seed": own.get("seed", recipe.get("seed"))}
    values = {name: _sound(given.get(name)) for name in NAMES}
    found = {name: value for name, value in values.items() if value not in (None, "")}
    return {**found, "tool": "Playground"} if found else {}


def _sound(value: object) -> str | int | float | None:
    """The value if it is text or a finite number; a bool is no number here."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parameters(texts: Texts) -> dict[str, Any]:
    """A1111's text, or the JSON that others write in its place."""
    text = texts.get("parameters", "")
    return _in_json(text, texts) if _is_json(text) else parse(text)


def _comments(texts: Texts) -> dict[str, Any]:
    """The same elsewhere, where words alone are not a prompt: cameras and phones write comments, too."""
    for text in (texts.get("UserComment", ""), texts.get("postprocessing", "")):
        found = _in_json(text, texts) if _is_json(text) else parse(text)
        if found.keys() - {"prompt", "negative_prompt"}:
            return found
    return {}


def _in_json(text: str, texts: Texts) -> dict[str, Any]:
    data = object_in(text)
    graph = data.get("prompt")
    return comfyui.of_graph(graph) if isinstance(graph, dict) else flat.in_json(data, texts)


def _is_json(text: str) -> bool:
    text = text.strip()
    return text.startswith("{") and (bool(object_in(text)) or text.startswith('{"'))


READERS: tuple[Callable[[Texts], dict[str, Any]], ...] = (
    *(_parameters, _comments, flat.easy_diffusion, invokeai.settings, flat.novelai, comfyui.settings),
    *(flat.comment, flat.draw_things),
)
"""In the order that counts where several tools have left their marks."""


def _why(texts: Texts, name: str) -> str:
    """Why there is nothing, as far as it can be told."""
    if _is_json(texts.get("parameters", "")):
        tool = "SwarmUI" if "sui_image_params" in texts["parameters"] else "a tool"
    else:
        tool = next((tool for keyword, tool in TOOLS.items() if keyword in texts), "")
    if tool:
        return f"{name} was made by {tool}, whose settings cannot be read here."
    return f"There are no settings in {name}: no tool that is known here wrote any, or they were taken out."
