"""Small LoRA files for the tiny model, in the layouts that people have them in."""

from pathlib import Path
from typing import Any

LAYOUTS = ("peft", "diffusers", "kohya")
PARTS = {"unet": ["to_q", "to_k", "to_v", "to_out.0"], "text_encoder": ["q_proj", "k_proj", "v_proj", "out_proj"]}
RANK = 4


def make(
    path: Path,
    model: Path,
    layout: str = "kohya",
    *,
    seed: int = 1,
    parts: tuple[str, ...] = ("unet", "text_encoder"),
    alpha: float = RANK,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a file of random changes to some parts of the diffusers model in the folder `model`."""
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    for part in parts:
        for name, tensor in _random_layers(model, part, seed).items():
            tensors[_named(part, name, layout)] = tensor
            if layout == "kohya":
                tensors[f"{_named(part, name, layout).partition('.')[0]}.alpha"] = _number(alpha)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata=metadata)
    return path


def _random_layers(model: Path, part: str, seed: int) -> dict[str, Any]:
    """'down_blocks.1...to_q.lora_A.weight' -> tensor."""
    import torch
    from diffusers import UNet2DConditionModel
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from transformers import CLIPTextModel

    family: Any = UNet2DConditionModel if part == "unet" else CLIPTextModel
    network = family.from_pretrained(model / part)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=PARTS[part]))
        layers = get_peft_model_state_dict(network)
        return {name: torch.randn(tensor.shape) * 0.4 for name, tensor in layers.items()}


def _named(part: str, name: str, layout: str) -> str:
    place, _, end = name.rpartition(".lora_")
    direction = "down" if end.startswith("A") else "up"
    older = f"text_model.{place}" if part == "text_encoder" else place
    if layout == "kohya":
        prefix = {"unet": "lora_unet", "text_encoder": "lora_te"}[part]
        return f"{prefix}_{older.replace('.', '_')}.lora_{direction}.weight"
    if layout == "diffusers":
        kind = "lora" if part == "unet" else "lora_linear_layer"
        return f"{part}.{older}.{kind}.{direction}.weight"
    return f"{part}.{name}"


def _number(value: float) -> Any:
    import torch

    return torch.tensor(value)
