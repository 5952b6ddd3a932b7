"""How the VAE makes latents of pixels and pixels of latents: in which numbers, and how much of them at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def precise(vae: Any) -> Iterator[Any]:
    """The VAE in fp32 meanwhile, where it says that it has to be: Stable Diffusion XL's overflows in fp16.

    Its activations go beyond fp16's 65,504, which makes black pictures. bf16 reaches as far as fp32 does. diffusers'
    pipelines do the same around theirs.
    """
    import torch

    dtype = vae.dtype
    if dtype == torch.float16 and vae.config.force_upcast:
        vae.to(torch.float32)
    try:
        yield vae
    finally:
        vae.to(dtype)


@contextmanager
def in_tiles(vae: Any, wanted: bool) -> Iterator[None]:
    """If `wanted`, one picture after the other and in tiles that overlap meanwhile: it takes much less memory.

    A picture that is no larger than a tile (the size that the VAE is made for) stays whole.
    """
    if not wanted:
        yield
        return
    was_slicing = vae.use_slicing  # Stable Diffusion XL's always is
    vae.enable_slicing()
    vae.enable_tiling()
    try:
        yield
    finally:
        vae.disable_tiling()
        vae.use_slicing = was_slicing
