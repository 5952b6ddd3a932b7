"""Writes a pipeline the way CompVis' and Stability's code and everybody after them did: one file, other names."""

import sys
import types
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

Weights = dict[str, torch.Tensor]


def _unet_names(unet: Any) -> list[tuple[str, str]]:
    """(diffusers' prefix, CompVis' prefix) for a UNet with two layers a level."""
    names = [
        ("time_embedding.linear_1.", "time_embed.0."),
        ("time_embedding.linear_2.", "time_embed.2."),
        ("add_embedding.linear_1.", "label_emb.0.0."),
        ("add_embedding.linear_2.", "label_emb.0.2."),
        ("conv_in.", "input_blocks.0.0."),
        ("conv_norm_out.", "out.0."),
        ("conv_out.", "out.2."),
        ("mid_block.resnets.0.", "middle_block.0."),
        ("mid_block.attentions.0.", "middle_block.1."),
        ("mid_block.resnets.1.", "middle_block.2."),
    ]
    for level, up_block in enumerate(unet.up_blocks):
        for layer in range(2):
            block = 3 * level + layer + 1
            names.append((f"down_blocks.{level}.resnets.{layer}.", f"input_blocks.{block}.0."))
            names.append((f"down_blocks.{level}.attentions.{layer}.", f"input_blocks.{block}.1."))
        for layer in range(3):
            block = 3 * level + layer
            names.append((f"up_blocks.{level}.resnets.{layer}.", f"output_blocks.{block}.0."))
            names.append((f"up_blocks.{level}.attentions.{layer}.", f"output_blocks.{block}.1."))
        names.append((f"down_blocks.{level}.downsamplers.0.conv.", f"input_blocks.{3 * level + 3}.0.op."))
        place = 2 if hasattr(up_block, "attentions") else 1
        names.append((f"up_blocks.{level}.upsamplers.0.", f"output_blocks.{3 * level + 2}.{place}."))
    return names


_RESNET = [
    ("norm1.", "in_layers.0."),
    ("conv1.", "in_layers.2."),
    ("norm2.", "out_layers.0."),
    ("conv2.", "out_layers.3."),
    ("time_emb_proj.", "emb_layers.1."),
    ("conv_shortcut.", "skip_connection."),
]


def _vae_names() -> list[tuple[str, str]]:
    names = [
        ("conv_norm_out.", "norm_out."),
        ("mid_block.attentions.0.", "mid.attn_1."),
        ("mid_block.resnets.0.", "mid.block_1."),
        ("mid_block.resnets.1.", "mid.block_2."),
    ]
    for level in range(4):
        for layer in range(3):
            names.append((f"down_blocks.{level}.resnets.{layer}.", f"down.{level}.block.{layer}."))
            names.append((f"up_blocks.{level}.resnets.{layer}.", f"up.{3 - level}.block.{layer}."))
        names.append((f"down_blocks.{level}.downsamplers.0.", f"down.{level}.downsample."))
        names.append((f"up_blocks.{level}.upsamplers.0.", f"up.{3 - level}.upsample."))
    return names


_VAE_ATTENTION = [
    ("group_norm.", "norm."),
    ("to_q.", "q."),
    ("to_k.", "k."),
    ("to_v.", "v."),
    ("to_out.0.", "proj_out."),
]

_OPEN_CLIP = [
    ("text_model.", ""),
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("embeddings.token_embedding.", "token_embedding."),
    ("final_layer_norm.", "ln_final."),
    ("encoder.layers.", "transformer.resblocks."),
    ("layer_norm1.", "ln_1."),
    ("layer_norm2.", "ln_2."),
    ("mlp.fc1.", "mlp.c_fc."),
    ("mlp.fc2.", "mlp.c_proj."),
    ("self_attn.", "attn."),
]


def _renamed(name: str, names: list[tuple[str, str]]) -> str:
    for old, new in names:
        name = name.replace(old, new)
    return name


def unet_weights(unet: Any) -> Weights:
    names, found = _unet_names(unet), {}
    for name, tensor in unet.state_dict().items():
        renamed = _renamed(name, [pair for pair in names if name.startswith(pair[0])])
        found["model.diffusion_model." + (_renamed(renamed, _RESNET) if "resnets" in name else renamed)] = tensor
    return found


def _vae(vae: Any) -> Weights:
    found = {}
    for name, tensor in vae.state_dict().items():
        renamed = _renamed(name, _vae_names()).replace("conv_shortcut.", "nin_shortcut.")
        if "attentions" in name:
            renamed = _renamed(renamed, _VAE_ATTENTION)
            if renamed.endswith("weight") and ".norm." not in renamed:
                tensor = tensor[:, :, None, None]  # a convolution of 1 x 1 there
        found["first_stage_model." + renamed] = tensor
    return found


def _clip(encoder: Any, prefix: str) -> Weights:
    """OpenAI's CLIP as transformers had it then, with the numbers of the places as a tensor."""
    weights = encoder.state_dict()
    found = {f"{prefix}text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in weights.items()}
    return {**found, f"{prefix}text_model.embeddings.position_ids": torch.arange(77)[None]}


def _open_clip(encoder: Any, prefix: str) -> Weights:
    """OpenCLIP: query, key and value are one matrix, and the projection lies on its side."""
    found: Weights = {f"{prefix}logit_scale": torch.tensor(4.6)}
    weights = encoder.state_dict()
    for name, tensor in weights.items():
        if ".q_proj." in name:
            packed = torch.cat([weights[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
            renamed = _renamed(name, _OPEN_CLIP).replace("q_proj.", "in_proj_")
            found[prefix + renamed] = packed
        elif name == "text_projection.weight":
            found[f"{prefix}text_projection"] = tensor.T
        elif ".k_proj." not in name and ".v_proj." not in name:
            found[prefix + _renamed(name, _OPEN_CLIP)] = tensor
    return found


def _with_a_last_layer(open_clip: Weights, prefix: str) -> Weights:
    """Stable Diffusion 2 takes the last layer but one, and its files have the last one, too, and a projection."""
    before, last = f"{prefix}transformer.resblocks.22.", f"{prefix}transformer.resblocks.23."
    more = {name.replace(before, last): tensor + 1 for name, tensor in open_clip.items() if name.startswith(before)}
    width = open_clip[f"{prefix}ln_final.weight"].shape[0]
    return {**open_clip, **more, f"{prefix}text_projection": torch.ones(width, width)}


def weights(pipeline: Any) -> Weights:
    """The pipeline's tensors by the names of its family's files, and what else lies in those."""
    if hasattr(pipeline, "text_encoder_2"):
        texts = _clip(pipeline.text_encoder, "conditioner.embedders.0.transformer.")
        texts |= _open_clip(pipeline.text_encoder_2, "conditioner.embedders.1.model.")
    elif pipeline.tokenizer.pad_token == "!":
        prefix = "cond_stage_model.model."
        texts = _with_a_last_layer(_open_clip(pipeline.text_encoder, prefix), prefix)
    else:
        texts = _clip(pipeline.text_encoder, "cond_stage_model.transformer.")
    training = {"betas": torch.zeros(1000), "model_ema.decay": torch.tensor(0.9999)}
    found = {**unet_weights(pipeline.unet), **_vae(pipeline.vae), **texts, **training}
    return {name: tensor.contiguous() for name, tensor in found.items()}


def save(weights: Weights, path: Path) -> Path:
    """As .safetensors, or as v1.4's model.ckpt: a pickle that names a class of pytorch_lightning, which nobody has."""
    if path.suffix == ".safetensors":
        save_file(weights, path)
        return path
    name = "pytorch_lightning.callbacks.model_checkpoint"
    modules = {part: types.ModuleType(part) for part in ("pytorch_lightning", "pytorch_lightning.callbacks", name)}
    stand_in = type("ModelCheckpoint", (), {"__module__": name})
    modules[name].ModelCheckpoint = stand_in  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        torch.save({"state_dict": weights, "global_step": 470000, "callbacks": {stand_in: {"best": None}}}, path)
    finally:
        for part in modules:
            del sys.modules[part]
    return path
