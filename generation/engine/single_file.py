"""Models that come as one .safetensors or .ckpt file in CompVis' layout, without a network.

Such a file holds weights alone. The configuration of each family, and the tokenizer's vocabulary that all of them have,
lie in configs/.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from generation.engine import families, weights
from generation.engine.families import CONFIGS, Family

MARKS: dict[str, dict[str, Any]] = {
    "v_pred": {"prediction_type": "v_prediction"},
    "ztsnr": {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"},
}
"""Tensors by which some files of Stable Diffusion XL say how they were trained, and what that is for a scheduler."""


def read(path: Path, config: Path | None = None, *, prediction_type: str = "", **options: Any) -> Any:
    """The pipeline in the file, of its family's class.

    Args:
        config: a diffusers folder, of which the weights are not read; else that of the file's family.
        prediction_type: what its UNet predicts, by the word of somebody who knows it; "" for the usual.
        options: for `from_single_file`.

    Raises:
        ValueError: the file cannot be used here, or is a pickle that names more than tensors; the text says why.
    """
    import diffusers

    shapes = weights.shapes(path)
    family = families.of_file(shapes)
    config = config or family.config
    _check_width(family, shapes, config)
    kind: Any = getattr(diffusers, family.pipeline)  # diffusers' own functions have no types
    options |= {"config": str(config), "local_files_only": True, **families.PIPELINES[family.pipeline]}
    if f"{families.CLIP}embeddings.token_embedding.weight" in shapes:
        options["text_encoder"] = _text_encoder(path, config).to(options.get("dtype"))
    with weights.harmless(path):
        pipeline = kind.from_single_file(str(path), **_tokenizers(family), **options)
    pipeline.scheduler.register_to_config(**_training(family, shapes, path.name, prediction_type))
    return pipeline


def _check_width(family: Family, shapes: families.Shapes, config: Path) -> None:
    width, expected = families.text_width(shapes), _unet_config(config)["cross_attention_dim"]
    if width != expected:
        raise ValueError(f"it is built like {family.name}, but of another width ({width} instead of {expected}).")


def _unet_config(config: Path) -> dict[str, Any]:
    return dict(json.loads((config / "unet" / "config.json").read_text()))


def _training(family: Family, shapes: families.Shapes, name: str, prediction_type: str) -> dict[str, Any]:
    """What a scheduler has to know of the file's training."""
    found: dict[str, Any] = {"prediction_type": families.predicts(family, name)}
    for mark, meaning in MARKS.items():
        if mark in shapes:
            found |= meaning
    return found | ({"prediction_type": prediction_type} if prediction_type else {})


def _text_encoder(path: Path, config: Path) -> Any:
    """Of merges that leave "text_model." out of its tensors' names, where diffusers does not find them."""
    from transformers import CLIPTextConfig, CLIPTextModel

    encoder: Any = CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder"))
    found = weights.below(path, families.CLIP)
    encoder.load_state_dict({name: found[name] for name in encoder.state_dict()})
    return encoder.eval()


def _tokenizers(family: Family) -> dict[str, Any]:
    """All have the same vocabulary; OpenCLIP's text encoders pad with its first token, OpenAI's with the end."""
    names = ("tokenizer", "tokenizer_2")
    return {
        name: clip_tokenizer("<|endoftext|>" if encoder in (families.CLIP, families.FIRST) else "!")
        for name, encoder in zip(names, family.encoders, strict=False)
    }


@cache
def clip_tokenizer(padding: str = "<|endoftext|>") -> Any:
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
        pad_token=padding,
    )


def _byte_symbols() -> list[str]:
    """A printable symbol for each byte, in the order of CLIP's vocabulary: first those that are printable already."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = len(set(range(256)) - set(printable))
    return [chr(code) for code in printable] + [chr(256 + number) for number in range(others)]
