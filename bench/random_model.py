"""Models at full size with random weights, which are as fast as real ones."""

# mypy: allow-untyped-calls

import json
from pathlib import Path
from typing import Any

from generation.engine import devices, single_file
from generation.engine.families import PIPELINES, Family


def write(family: Family, folder: Path, *, sampler: str, size: int, steps: int) -> Path:
    """A diffusers folder in the number type of this machine's device.

    Args:
        sampler: the class of its scheduler, in diffusers.
        size, steps: what its playground.json says, px a side.
    """
    import diffusers
    import torch

    device = devices.best_device()
    index = json.loads((family.config / "model_index.json").read_text())
    before = torch.get_default_dtype()
    torch.manual_seed(0)
    torch.set_default_dtype(devices.best_dtype(device))
    try:
        with torch.device(device):
            parts = {name: _part(family.config / name, *kind) for name, kind in index.items() if isinstance(kind, list)}
    finally:
        torch.set_default_dtype(before)
    parts["scheduler"] = getattr(diffusers, sampler).from_config(parts["scheduler"].config)
    made: Any = getattr(diffusers, family.pipeline)(**{**parts, **PIPELINES[family.pipeline]})
    made.save_pretrained(folder)
    said = {"width": size, "height": size, "steps": steps, "name": folder.name}
    (folder / "playground.json").write_text(json.dumps(said), encoding="utf-8")
    return folder


def _part(config: Path, library: str | None, kind: str | None) -> Any:
    import diffusers
    import transformers

    if library is None or kind is None:
        return None
    if "Tokenizer" in kind:
        return single_file.clip_tokenizer()
    if library == "transformers":
        made: Any = getattr(transformers, kind)
        return made(made.config_class.from_pretrained(config))
    made = getattr(diffusers, kind)
    return made.from_config(made.load_config(config))
