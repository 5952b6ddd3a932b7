"""The `parameters` text that A1111 introduced and most tools read and write. Of our own pictures we read our chunk."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from library.samplers import named, split_schedule

_NEGATIVE = "Negative prompt:"
_TELLING = {"Steps", "Sampler", "Seed", "Size", "CFG scale"}
# Bounded on purpose: a key of any length would take quadratic time on a line without colons.
_PAIR = re.compile(r'\b(\w[\w /-]{1,40}):\s{0,9}("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')


def infotext(recipe: Mapping[str, Any], *, seed: int, width: int, height: int) -> str:
    """The text for one picture of `width` x `height` px that was made from `recipe` with `seed`."""
    sampler, schedule = split_schedule(str(recipe.get("sampler", "")))
    settings = {
        "Steps": recipe.get("steps"),
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": recipe.get("guidance_scale"),
        "Seed": seed,
        "Size": f"{width}x{height}",
        "Model": recipe.get("model") or None,
        "Lora hashes": recipe.get("lora_hashes") or None,
        "Version": "Playground",
    }
    negative = recipe.get("negative_prompt")
    lines = [
        str(recipe.get("prompt", "")),
        *([f"Negative prompt: {negative}"] if negative else []),
        ", ".join(f"{key}: {_quoted(value)}" for key, value in settings.items() if value is not None),
    ]
    return "\n".join(lines).strip()


def _quoted(value: object) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if set(text) & set(",:\n") else text


def parse(text: str) -> dict[str, Any]:
    """What such a text says, by a recipe's names, and `tool`: who wrote it. What it leaves out is left out.

    The last line holds the settings if it has at least three and a usual one among them; else it is prompt. The
    values are as they were written: they may be anything.
    """
    *lines, last = plain(text).strip().split("\n")
    pairs = dict(_pairs(last))
    if len(pairs) < 3 or not _TELLING & pairs.keys():
        lines, pairs = [*lines, last], {}
    at = next((at for at, line in enumerate(lines) if line.startswith(_NEGATIVE)), len(lines))
    found = {
        "prompt": "\n".join(lines[:at]).strip(),
        "negative_prompt": "\n".join(lines[at:]).removeprefix(_NEGATIVE).strip(),
        "steps": number(pairs.get("Steps")),
        "guidance_scale": number(pairs.get("CFG scale")),
        "seed": number(pairs.get("Seed")),
        # 'DPM++ 2M Karras', as it stands in older files; newer ones name the schedule apart, by either key
        "sampler": named(pairs.get("Sampler", ""), pairs.get("Schedule type", pairs.get("Scheduler", ""))),
        "model": pairs.get("Model"),
        "tool": _tool(pairs),
        **_size(pairs.get("Size", "")),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def plain(text: str) -> str:
    """The text without what no database or page could hold: halves of surrogate pairs and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    for match in _PAIR.finditer(line):
        key, value = match.groups()
        yield key.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return plain(str(json.loads(value)))
    except ValueError:
        return value


def number(text: str | None) -> int | float | None:
    """A number of a sensible length; None for anything else."""
    if not text or not re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", text, re.ASCII):
        return None
    return float(text) if "." in text else int(text)


def _size(text: str) -> dict[str, int]:
    """Of the picture as it came out, so with the factor that leaves a size as it is."""
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text, re.ASCII)
    return {"width": int(match[1]), "height": int(match[2]), "downsampling_factor": 8} if match else {}


def _tool(pairs: Mapping[str, str]) -> str:
    """'A1111 v1.10.1': Forge's versions begin with an f, others name themselves."""
    version, app = pairs.get("Version", ""), pairs.get("App", "")
    if app:
        return app
    names = {"v": "A1111", "f": "Forge"}
    if re.match(r"[vf]\d", version):
        return f"{names[version[0]]} {version}"
    return version or ("A1111 or a tool like it" if pairs else "")
