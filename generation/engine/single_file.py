"""Models that come as one .safetensors or .ckpt file: Stable Diffusion 1.x in CompVis' layout, without a network.

Such a file holds weights alone. The configuration and the tokenizer's vocabulary of this family lie in configs/;
another family's have to come from the hub once.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).parent / "configs"
STABLE_DIFFUSION_1 = CONFIGS / "stable-diffusion-1"

_CROSS_ATTENTION = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
"""Its second dimension is the width of the text encoder, by which the families differ."""


def read(path: Path, config: Path = STABLE_DIFFUSION_1, **options: Any) -> Any:
    """The pipeline in the file.

    Args:
        config: a diffusers folder without weights, used where the file's text width is that of its UNet.
        options: for `StableDiffusionPipeline.from_single_file`.

    Raises:
        ValueError: the file is a pickle that names more than tensors. Nothing in it has been executed.
    """
    import torch
    from diffusers import StableDiffusionPipeline

    family: Any = StableDiffusionPipeline  # diffusers' own functions have no types
    with torch.serialization.safe_globals([(_StandIn, name) for name in _HARMLESS]):
        _refuse_code(path)
        if _text_width(path) == _unet_config(config)["cross_attention_dim"]:
            options |= {"config": str(config), "local_files_only": True, "tokenizer": clip_tokenizer()}
        return family.from_single_file(str(path), **options)


class _StandIn:
    """In place of what some checkpoints name beside their weights; it does nothing."""


_HARMLESS = ("pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",)  # in the original v1.4 checkpoint


def _refuse_code(path: Path) -> None:
    import torch

    if path.suffix.lower() == ".ckpt":
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        if names:
            raise ValueError(f"it would execute {', '.join(sorted(names)[:3])}, which no model has to.")


def _unet_config(config: Path) -> dict[str, Any]:
    return dict(json.loads((config / "unet" / "config.json").read_text()))


def _text_width(path: Path) -> int | None:
    """Of the text encoder that the file's UNet was trained with; None when it has no UNet in CompVis' layout."""
    if path.suffix.lower() == ".safetensors":
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            return file.get_slice(_CROSS_ATTENTION).get_shape()[1] if _CROSS_ATTENTION in file.keys() else None  # noqa: SIM118
    import torch

    weights = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    tensor = weights.get("state_dict", weights).get(_CROSS_ATTENTION)
    return None if tensor is None else int(tensor.shape[1])


@cache
def clip_tokenizer() -> Any:
    """CLIP's own tokenizer. Its 49,408 tokens follow from the merges: bytes, bytes that end a word, merged pairs."""
    from transformers import CLIPTokenizer

    lines = (CONFIGS / "clip" / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    symbols = _byte_symbols()
    tokens = [
        *symbols,
        *(f"{symbol}</w>" for symbol in symbols),
        *(line.replace(" ", "") for line in lines),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=[tuple(line.split(" ")) for line in lines],  # type: ignore[misc]
        model_max_length=77,
    )


def _byte_symbols() -> list[str]:
    """A printable symbol for each byte, in the order of CLIP's vocabulary: first those that are printable already."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = len(set(range(256)) - set(printable))
    return [chr(code) for code in printable] + [chr(256 + number) for number in range(others)]
