"""Which model: a diffusers folder, a .safetensors or .ckpt file, or the id of a repository on the hub."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUFFIXES = (".safetensors", ".ckpt")
STILL_GROWING = 5.0  # s: a file written to more recently may still be on its way


@dataclass(frozen=True)
class Checkpoint:
    """A model that could be loaded.

    Attributes:
        name: what people call it.
        source: a folder, a file or, as text, a hub id.
        defaults: what the folder's playground.json names: width, height, steps, guidance_scale, sampler.
    """

    name: str
    source: Path | str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_demo: bool = False


@dataclass(frozen=True)
class Choice:
    """Checkpoints in the order in which they are to be tried, and a sentence for each that cannot be."""

    checkpoints: tuple[Checkpoint, ...]
    problems: tuple[str, ...] = ()


def choose(wanted: str, models: Path, demo: Path) -> Choice:
    """The checkpoints to try.

    Args:
        wanted: the operator's choice (a folder, a file or a hub id): then there is no other.
        models: the folder looked into otherwise: diffusers folders first, then files by name.
        demo: the diffusers folder that is always there, tried last.
    """
    if wanted:
        return _wanted(wanted)
    checkpoints, problems = [], []
    for path in _found_in(models):
        if problem := _problem_with(path):
            problems.append(problem)
        else:
            checkpoints.append(_checkpoint(path))
    return Choice((*checkpoints, _checkpoint(demo, is_demo=True)), tuple(problems))


def _wanted(wanted: str) -> Choice:
    path = Path(wanted).expanduser()
    if path.exists():
        problem = _problem_with(path)
        return Choice((), (problem,)) if problem else Choice((_checkpoint(path),))
    if re.fullmatch(r"[\w.-]+/[\w.-]+", wanted):
        return Choice((Checkpoint(wanted, wanted),))
    return Choice((), (f"PLAYGROUND_MODEL names {wanted}, which is neither a folder, a file nor a hub id.",))


def _found_in(models: Path) -> list[Path]:
    entries = [path for path in models.iterdir() if not path.name.startswith(".")] if models.is_dir() else []
    folders = sorted(path for path in entries if (path / "model_index.json").is_file())
    return folders + sorted(path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file())


def _problem_with(path: Path) -> str:
    """Why `path` cannot be tried (yet); empty when it can."""
    try:
        if path.is_dir() and not (path / "model_index.json").is_file():
            return f"{path.name} is not a diffusers folder: it has no model_index.json."
        if path.is_file() and path.suffix.lower() not in SUFFIXES:
            return f"{path.name} is neither .safetensors nor .ckpt."
        if path.is_file() and time.time() - path.stat().st_mtime < STILL_GROWING:
            return f"{path.name} is still being copied; it is used once it is complete."
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror}."
    return ""


def _checkpoint(path: Path, *, is_demo: bool = False) -> Checkpoint:
    named = _named_by(path)
    name = str(named.get("name") or (path.name if path.is_dir() else path.stem))
    return Checkpoint(name, path, named, is_demo)


def _named_by(path: Path) -> dict[str, Any]:
    """What the model says of itself in its folder's playground.json; whatever makes no sense is passed over."""
    try:
        named = json.loads((path / "playground.json").read_text())
        return {key: value for key, value in named.items() if _makes_sense(key, value)}
    except (OSError, ValueError, AttributeError):
        return {}


def _makes_sense(key: str, value: object) -> bool:
    if key in ("name", "sampler"):
        return isinstance(value, str) and 0 < len(value) < 100
    lowest, highest = {"width": (64, 2048), "height": (64, 2048), "steps": (1, 250), "guidance_scale": (1, 20)}.get(
        key, (1, 0)
    )
    is_number = isinstance(value, int) or (key == "guidance_scale" and isinstance(value, float))
    return is_number and lowest <= value <= highest  # type: ignore[operator]
