"""InvokeAI: JSON since its third version, other JSON in the second, a command line in the first."""

import re
from collections.abc import Mapping
from typing import Any

from library.dialects import flat
from library.dialects.values import object_in, told, words
from library.samplers import named

_NOT_WANTED = re.compile(r"\s{0,9}\[([^\[\]]*)\]")  # in the prompt itself, in brackets
_SWITCHES = {"s": "steps", "S": "seed", "W": "width", "H": "height", "C": "guidance_scale", "A": "sampler"}
_SWITCH = re.compile(r"\s-([sSWHCA])\s{0,9}([\w.-]{1,40})(?!\S)")
_END = re.compile(r'"\s{1,9}-(s\s{0,9}\d)?')  # of the words, with the switch that comes first as a rule


def settings(texts: Mapping[str, str]) -> dict[str, Any]:
    """The newest form that makes sense."""
    newest = object_in(texts.get("invokeai_metadata", ""))
    found = flat.settings(newest, _tool(newest))
    return found or _second(object_in(texts.get("sd-metadata", ""))) or _first(texts.get("Dream", ""))


def _tool(data: Mapping[str, Any]) -> str:
    return f"InvokeAI {words(data.get('app_version'))}"


def _second(data: Mapping[str, Any]) -> dict[str, Any]:
    image = data.get("image")
    if not isinstance(image, dict):
        return {}
    parts = image.get("prompt")
    parts = parts if isinstance(parts, list) else [parts]
    prompt = " ".join(words(part.get("prompt") if isinstance(part, dict) else part) for part in parts)
    return flat.settings({**image, **_both(prompt), "model": data.get("model_weights")}, _tool(data))


def _first(line: str) -> dict[str, Any]:
    """'"a fox [fog]" -s 50 -S 42 -W512 -H512 -C7.5 -A k_lms'; quotes inside the words are not marked in any way."""
    ends = list(_END.finditer(line))
    if not line.startswith('"') or not ends:
        return {}
    end = next((end for end in reversed(ends) if end[1]), ends[-1]).start()
    given = {_SWITCHES[switch]: value for switch, value in _SWITCH.findall(line[end + 1 :])}
    return told({**given, **_both(line[1:end]), "sampler": named(given.get("sampler", ""))}, "InvokeAI")


def _both(prompt: str) -> dict[str, str]:
    """What is wanted and what is not."""
    not_wanted = ", ".join(part.strip() for part in _NOT_WANTED.findall(prompt))
    return {"prompt": _NOT_WANTED.sub("", prompt), "negative_prompt": not_wanted}
