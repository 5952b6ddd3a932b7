"""Models that come as a folder in diffusers' layout. What it names is looked up here, never imported at its word."""

import json
import re
from pathlib import Path
from typing import Any

from generation.engine import families
from generation.engine.families import PIPELINES, Family

PARTS = {
    "unet": r"diffusers\.UNet2DConditionModel",
    "vae": r"diffusers\.(AutoencoderKL|AutoencoderTiny)",
    "scheduler": r"diffusers\.\w+Scheduler",
    "text_encoder": r"transformers\.CLIPTextModel",
    "text_encoder_2": r"transformers\.CLIPTextModelWithProjection",
    "tokenizer": r"transformers\.CLIPTokenizer(Fast)?",
    "tokenizer_2": r"transformers\.CLIPTokenizer(Fast)?",
}
"""What may be loaded: the part, and its class. All else that a folder names is left out."""

LONGEST = 256 * 1024  # characters of a configuration


def read(folder: Path, **options: Any) -> Any:
    """The pipeline in the folder; its weights have to be .safetensors.

    Args:
        options: for `from_pretrained`.

    Raises:
        ValueError: it holds none that can be used here; the text says why. Nothing of it has been imported.
    """
    import diffusers

    name = pipeline_of(folder)
    kind: Any = getattr(diffusers, name)  # diffusers' own functions have no types
    return kind.from_pretrained(str(folder), use_safetensors=True, local_files_only=True, **PIPELINES[name], **options)


def pipeline_of(folder: Path) -> str:
    """The class of the folder's pipeline. Raises ValueError as `read` does."""
    index = config(folder, "model_index.json")
    name = index.get("_class_name")
    if name not in list(PIPELINES):  # it may be anything that JSON has
        raise ValueError(f"its model_index.json names {_named(name)}; here are {' and '.join(PIPELINES)}.")
    for part, pattern in PARTS.items():
        named = index.get(part)
        if named in (None, [None, None]) and not part.endswith("_2"):
            raise ValueError(f"its model_index.json names no {part}.")
        if named and named != [None, None] and not (_is_pair(named) and re.fullmatch(pattern, ".".join(named))):
            raise ValueError(f"its {part} is {_named(named)}, which is not known here.")
    return str(name)


def family_of(folder: Path) -> Family | None:
    """The family; None for one of its own size, as small models for tests are."""
    width = config(folder, "unet/config.json").get("cross_attention_dim")
    family = families.of_width(width if isinstance(width, int) else None)
    return family if family and family.pipeline == pipeline_of(folder) else None


def config(folder: Path, name: str) -> dict[str, Any]:
    """The JSON file's object; empty where there is none that can be read."""
    try:
        with (folder / name).open(encoding="utf-8") as file:
            found = json.loads(file.read(LONGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_pair(named: object) -> bool:
    return isinstance(named, list) and len(named) == 2 and all(isinstance(one, str) for one in named)


def _named(name: object) -> str:
    return str(name)[:100] if name else "no pipeline"
