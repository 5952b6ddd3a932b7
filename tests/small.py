"""Pipelines of every family with all of its layers, few channels and random weights."""

from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from generation.engine import families, single_file
from generation.engine.families import Family

WIDTH, SECOND_WIDTH = 32, 48  # of the text encoders


def pipeline(family: Family) -> Any:
    torch.manual_seed(0)
    return _xl() if family is families.STABLE_DIFFUSION_XL else _one_or_two(family)


def _one_or_two(family: Family) -> Any:
    is_two = family is families.STABLE_DIFFUSION_2
    return StableDiffusionPipeline(
        unet=UNet2DConditionModel(
            sample_size=8, block_out_channels=(32, 64, 96, 96), cross_attention_dim=WIDTH,
            attention_head_dim=[2, 4, 6, 6] if is_two else 4, use_linear_projection=is_two,
        ),
        vae=_vae(0.18215),
        text_encoder=CLIPTextModel(_text(layers=23, act="gelu") if is_two else _text()),
        tokenizer=single_file.clip_tokenizer("!" if is_two else "<|endoftext|>"),
        scheduler=PNDMScheduler.from_pretrained(family.config / "scheduler"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def _xl() -> Any:
    return StableDiffusionXLPipeline(
        unet=UNet2DConditionModel(
            sample_size=8, block_out_channels=(32, 64, 96), cross_attention_dim=WIDTH + SECOND_WIDTH,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=[1, 2, 10], attention_head_dim=[2, 4, 6], use_linear_projection=True,
            addition_embed_type="text_time", addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + SECOND_WIDTH,
        ),
        vae=_vae(0.13025),
        text_encoder=CLIPTextModel(_text()),
        text_encoder_2=CLIPTextModelWithProjection(_text(SECOND_WIDTH, layers=3, act="gelu")),
        tokenizer=single_file.clip_tokenizer(),
        tokenizer_2=single_file.clip_tokenizer("!"),
        scheduler=EulerDiscreteScheduler.from_pretrained(families.STABLE_DIFFUSION_XL.config / "scheduler"),
        add_watermarker=False,
    )  # fmt: skip


def _text(width: int = WIDTH, layers: int = 2, act: str = "quick_gelu") -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=width, hidden_act=act, bos_token_id=0,
        eos_token_id=2,
    )  # fmt: skip


def _vae(scaling_factor: float) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(32, 64, 96, 96), layers_per_block=2, scaling_factor=scaling_factor,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
