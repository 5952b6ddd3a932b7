"""Which model: a diffusers folder, a .safetensors or .ckpt file, or the id of a repository on the hub."""

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from generation.engine import hub, repository

SUFFIXES = (".safetensors", ".ckpt")
STILL_GROWING = 5.0  # s: a file written to more recently may still be on its way
LONGEST_DESCRIPTION = 64 * 1024  # characters of a playground.json
PREDICTIONS = ("epsilon", "v_prediction")
LONGEST_TEXT = {"name": 99, "sampler": 99, "good_at": 300}  # characters
RANGES = {"width": (64, 2048), "height": (64, 2048), "steps": (1, 250), "guidance_scale": (1, 20)}


@dataclass(frozen=True)
class Checkpoint:
    """A model that could be loaded.

    Attributes:
        name: what people call it.
        source: a folder, a file or, as text, a hub id.
        defaults: what the folder's playground.json or the file's sidecar (`<file>.json`) names: width, height, steps,
            guidance_scale, sampler, good_at (a sentence), and for a file prediction_type (one of PREDICTIONS).
        modified: when its files last changed (s since 1970), so that a better copy of a broken one is noticed.
    """

    name: str
    source: Path | str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_demo: bool = False
    modified: float = 0.0

    @property
    def prediction_type(self) -> str:
        """What somebody said the model predicts; "" where nobody did."""
        return str(self.defaults.get("prediction_type", ""))


@dataclass(frozen=True)
class Choice:
    """Checkpoints in the order in which they are to be tried, and a sentence for each that cannot be."""

    checkpoints: tuple[Checkpoint, ...]
    problems: tuple[str, ...] = ()


def choose(wanted: str, models: Path, demo: Path, cache: Path | None = None) -> Choice:
    """The checkpoints to try.

    Args:
        wanted: the operator's choice (a folder, a file or a hub id): then there is no other.
        models: the folder looked into otherwise: diffusers folders first, then files by name.
        demo: the diffusers folder that is always there, tried last.
        cache: where the hub's models lie that have been downloaded; they come after those of the folder.
    """
    if wanted:
        return _wanted(wanted, cache)
    checkpoints, problems = [], []
    for path in _found_in(models):
        if problem := _problem_with(path):
            problems.append(problem)
        else:
            checkpoints.append(_checkpoint(path))
    checkpoints += [downloaded(name, folder) for name, folder in hub.all_there(cache).items()] if cache else []
    return Choice((*checkpoints, _checkpoint(demo, is_demo=True)), tuple(problems))


def downloaded(name: str, folder: Path) -> Checkpoint:
    """A model of the hub that lies in the cache."""
    return replace(_checkpoint(folder), name=name)


def _wanted(wanted: str, cache: Path | None) -> Choice:
    path = Path(os.path.expanduser(wanted))  # noqa: PTH111  Path's own raises for an unknown user
    if os.path.lexists(path):
        problem = _problem_with(path)
        return Choice((), (problem,)) if problem else Choice((_checkpoint(path),))
    if repository.is_name(wanted):
        folder = hub.there(wanted, cache) if cache else None
        return Choice((downloaded(wanted, folder) if folder else Checkpoint(wanted, wanted),))
    return Choice((), (f"PLAYGROUND_MODEL names {wanted[:200]}, which is neither a folder, a file nor a hub id.",))


def _found_in(models: Path) -> list[Path]:
    entries = [path for path in models.iterdir() if not path.name.startswith(".")] if models.is_dir() else []
    folders = sorted(path for path in entries if path.is_dir() and _may_be_file(path / "model_index.json"))
    return folders + sorted(path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file())


def _may_be_file(path: Path) -> bool:
    """Whether there is a file, or no way to tell."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _problem_with(path: Path) -> str:
    """Why `path` cannot be tried (yet); empty when it can."""
    name = _printable(path.name)
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # whether it may be read
            if not (path / "model_index.json").is_file():
                return f"{name} is not a diffusers folder: it has no model_index.json."
        elif path.suffix.lower() not in SUFFIXES:
            return f"{name} is neither .safetensors nor .ckpt."
        modified = _modified(path)
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}."
    if abs(time.time() - modified) < STILL_GROWING:  # one from a clock that was fast has long come
        return f"{name} is still being copied; it is used once it is complete."
    return ""


def _checkpoint(path: Path, *, is_demo: bool = False) -> Checkpoint:
    named = _named_by(path)
    name = str(named.get("name") or _printable(path.name if path.is_dir() else path.stem))
    return Checkpoint(name, path, named, is_demo, _modified(path))


def _modified(path: Path) -> float:
    """When the file, or the newest file of the folder, last changed (s since 1970)."""
    try:
        files = [path, *path.rglob("*")] if path.is_dir() else [path]
        return max(file.lstat().st_mtime for file in files)
    except FileNotFoundError:  # gone while we looked: somebody is at work there
        return time.time()


def _printable(name: str) -> str:
    """A file's name as text that can be stored: Linux allows any bytes."""
    return os.fsencode(name).decode(errors="replace")


def _named_by(path: Path) -> dict[str, Any]:
    """What is said of the model in its folder or beside its file; whatever makes no sense is passed over."""
    beside = (path.with_name(f"{path.name}.json"), path.with_suffix(".json"))
    for description in [path / "playground.json"] if path.is_dir() else beside:
        try:
            with description.open(encoding="utf-8") as file:
                named = json.loads(file.read(LONGEST_DESCRIPTION))
            return {key: value for key, value in named.items() if _makes_sense(key, value)}
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
    return {}


def _makes_sense(key: str, value: object) -> bool:
    if key in LONGEST_TEXT:
        return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT[key] and value.isprintable()
    if key == "prediction_type":
        return value in PREDICTIONS
    if key not in RANGES or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    lowest, highest = RANGES[key]
    is_whole = isinstance(value, int) and (key == "steps" or value % 8 == 0)
    return lowest <= value <= highest and (is_whole or key == "guidance_scale")
