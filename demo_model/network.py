"""The parts with weights, before training: sizes and initialisation.

All told 19 MB in fp16 at 128 px, 24 MB at 256 px: text encoder 1.2 M parameters, UNet 6.6 or 9.1 M, autoencoder 1.7 M.
"""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_model.tokenizer import LENGTH

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

TEXT_WIDTH = 160  # features per token
FACTOR = 8  # px of the picture per latent pixel, both ways
LATENT_CHANNELS = 4
CHANNELS = {128: (96, 160), 256: (64, 96, 192)}  # of the UNet's levels, by the size of the pictures in px


def text_encoder(tokenizer: CLIPTokenizer, width: int = TEXT_WIDTH, layers: int = 3) -> CLIPTextModel:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=LENGTH,
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def unet(size: int, channels: tuple[int, ...], text_width: int = TEXT_WIDTH) -> UNet2DConditionModel:
    """Attention only in the lowest of the levels, of 8 x 8 places: one more takes half as long again.

    Args:
        size: of the pictures, in px.
        channels: of each level, each of half the size of the one before.
    """
    from diffusers import UNet2DConditionModel

    plain = len(channels) - 1
    return UNet2DConditionModel(
        sample_size=size // FACTOR,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=channels,
        layers_per_block=1,
        cross_attention_dim=text_width,
        attention_head_dim=4,  # diffusers' word for the number of heads
        norm_num_groups=16,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
    )


def autoencoder(width: int = 64) -> AutoencoderTiny:
    """With Kaiming's initialisation, since nothing in it normalises; branches begin at a fifth of their strength."""
    import torch
    from diffusers import AutoencoderTiny

    vae = AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=(0, 1, 2, 2),
        num_decoder_blocks=(3, 3, 2, 0),
        latent_channels=LATENT_CHANNELS,
    )
    for name, module in vae.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            into_colours = module.out_channels <= LATENT_CHANNELS
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="linear" if into_colours else "relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
            if name.endswith("conv.4"):  # the last of a residual branch
                module.weight.data.mul_(0.2)
    return vae


def noise_schedule() -> DDIMScheduler:
    """Stable Diffusion's noise, with v-prediction (https://arxiv.org/abs/2202.00512)."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.02,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
