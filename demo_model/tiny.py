"""Build a tiny Stable Diffusion model with random weights, for tests in which the picture does not matter.

    python -m demo_model.tiny DIR

It has the parts of the shipped demo model and loads like it, but its pictures are noise.
"""

# diffusers has no types: mypy takes its placeholders for a missing torch for the classes.
# mypy: allow-untyped-calls, disable-error-code=attr-defined

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

SHIPPED_MODEL = Path(__file__).parent / "model"
WEIGHTS_SEED = 0
TEXT_WIDTH = 16  # features per token, as the text encoder gives and the UNet takes them
DEFAULTS = {
    "name": "tiny random model",
    "width": 64,
    "height": 64,
    "steps": 4,
    "guidance_scale": 4.0,
    "sampler": "DPM++ 2M",
}


def build(directory: Path) -> None:
    """Write the model as a diffusers folder: the same files every time, under 2 MB in all.

    Args:
        directory: where to; made if it is not there.

    Raises:
        FileExistsError: `directory` is a file, or a folder with something in it.
    """
    if directory.exists() and not is_empty_folder(directory):
        raise FileExistsError(f"{directory} exists and is not an empty folder.")
    random_pipeline().save_pretrained(directory)
    (directory / "playground.json").write_text(json.dumps(DEFAULTS, indent=2) + "\n", encoding="utf-8")


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def random_pipeline() -> StableDiffusionPipeline:
    """Put the parts together. The caller's random numbers on the CPU go on as before."""
    import torch
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(SHIPPED_MODEL / "tokenizer")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(WEIGHTS_SEED)
        return StableDiffusionPipeline(
            tokenizer=tokenizer,
            text_encoder=random_text_encoder(tokenizer),
            unet=random_unet(),
            vae=random_vae(),
            # With its v-prediction a network that predicts nearly nothing leaves the noise as it is,
            # so the latents stay in range at any number of steps.
            scheduler=DPMSolverMultistepScheduler.from_pretrained(SHIPPED_MODEL / "scheduler"),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )


def random_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=tokenizer.model_max_length,
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def random_unet() -> UNet2DConditionModel:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )


def random_vae() -> AutoencoderTiny:
    """Factor 8 and four latent channels, as in the real ones.

    PyTorch's own initialisation loses the signal layer by layer, which would end in one flat colour;
    Kaiming's keeps it (He et al. 2015, https://arxiv.org/abs/1502.01852). The last layer is scaled to
    colours around the middle of 0 to 1, so that few pixels are clipped.
    """
    import torch
    from diffusers import AutoencoderTiny

    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(0, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 0),
    )
    for module in vae.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    to_colours = vae.decoder.layers[-1]
    torch.nn.init.normal_(to_colours.weight, std=0.006)
    torch.nn.init.constant_(to_colours.bias, 0.5)
    return vae


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m demo_model.tiny", description="Build the tiny random model.")
    parser.add_argument("directory", type=Path, metavar="DIR", help="where to: a new or an empty folder")
    directory: Path = parser.parse_args(arguments).directory
    try:
        build(directory)
    except FileExistsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
