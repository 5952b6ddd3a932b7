"""Writes a Stable Diffusion 1.x pipeline the way CompVis' code and everybody after it did: one file, other names."""

from typing import Any

import torch

Weights = dict[str, torch.Tensor]


def _unet_names() -> list[tuple[str, str]]:
    """(diffusers' prefix, CompVis' prefix) for a UNet of four levels with two layers each."""
    names = [
        ("time_embedding.linear_1.", "time_embed.0."),
        ("time_embedding.linear_2.", "time_embed.2."),
        ("conv_in.", "input_blocks.0.0."),
        ("conv_norm_out.", "out.0."),
        ("conv_out.", "out.2."),
        ("mid_block.resnets.0.", "middle_block.0."),
        ("mid_block.attentions.0.", "middle_block.1."),
        ("mid_block.resnets.1.", "middle_block.2."),
    ]
    for level in range(4):
        for layer in range(2):
            block = 3 * level + layer + 1
            names.append((f"down_blocks.{level}.resnets.{layer}.", f"input_blocks.{block}.0."))
            names.append((f"down_blocks.{level}.attentions.{layer}.", f"input_blocks.{block}.1."))
        for layer in range(3):
            block = 3 * level + layer
            names.append((f"up_blocks.{level}.resnets.{layer}.", f"output_blocks.{block}.0."))
            names.append((f"up_blocks.{level}.attentions.{layer}.", f"output_blocks.{block}.1."))
        names.append((f"down_blocks.{level}.downsamplers.0.conv.", f"input_blocks.{3 * level + 3}.0.op."))
        place = 1 if level == 0 else 2
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


def _renamed(name: str, names: list[tuple[str, str]]) -> str:
    for old, new in names:
        name = name.replace(old, new)
    return name


def weights(pipeline: Any) -> Weights:
    """The pipeline's tensors by CompVis' names."""
    found: Weights = {}
    for name, tensor in pipeline.unet.state_dict().items():
        renamed = _renamed(name, [pair for pair in _unet_names() if name.startswith(pair[0])])
        if "resnets" in name:
            renamed = _renamed(renamed, _RESNET)
        found["model.diffusion_model." + renamed] = tensor
    for name, tensor in pipeline.vae.state_dict().items():
        renamed = _renamed(name, _vae_names()).replace("conv_shortcut.", "nin_shortcut.")
        if "attentions" in name:
            renamed = _renamed(renamed, _VAE_ATTENTION)
            if renamed.endswith("weight") and ".norm." not in renamed:
                tensor = tensor[:, :, None, None]  # a convolution of 1 x 1 there
        found["first_stage_model." + renamed] = tensor
    for name, tensor in pipeline.text_encoder.state_dict().items():
        found["cond_stage_model.transformer.text_model." + name.removeprefix("text_model.")] = tensor
    return {name: tensor.contiguous() for name, tensor in found.items()}
