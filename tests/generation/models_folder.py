"""Puts models into the folder of a site under test, as somebody would who then went for a coffee."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from safetensors.torch import load_file, save_file


def settle(path: Path, moment: float = 0) -> Path:
    """What was written a moment ago may still be on its way, and would be waited for."""
    for file in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(file, (moment, moment))
    return path


def put_folder(model: Path, name: str, *, into: Path | None = None, louder: float = 1.0, **named: Any) -> Path:
    """A copy of the diffusers folder `model`.

    Args:
        into: a folder of models; else that of the settings.
        louder: its UNet's last layer times this, so that its pictures are others.
        named: for its playground.json, which has no name otherwise.
    """
    folder: Path = (into or settings.PLAYGROUND_MODELS) / name
    shutil.copytree(model, folder)
    description = folder / "playground.json"
    said = json.loads(description.read_text()) if description.exists() else {}
    description.write_text(json.dumps({**said, "name": name, **named}))
    if louder != 1.0:
        weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
        tensors = load_file(weights)
        save_file({**tensors, "conv_out.weight": tensors["conv_out.weight"] * louder}, weights)
    return settle(folder)


def put_torn(name: str) -> Path:
    folder = settings.PLAYGROUND_MODELS / name
    folder.mkdir()
    (folder / "model_index.json").write_text("{}")
    return settle(folder)
