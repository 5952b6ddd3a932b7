"""How pictures look before they are done: the model's guess in its latents, made RGB by a small matrix."""

import functools
import logging
from typing import Any

from PIL import Image

from generation.engine.vae import precise

logger = logging.getLogger(__name__)

SAMPLES, SIDE = 4, 128  # pictures and px that the matrix is fitted to


class Preview:
    """Looks on while a pipeline works; `pictures` shows what it has in mind."""

    def __init__(self, vae: Any) -> None:
        """Fit the matrix: by least squares, from what `vae` makes of soft fields of colour."""
        import torch

        try:
            with torch.no_grad(), precise(vae):
                self._matrix = _fit(vae)
        except Exception:  # a preview is a pleasure, no reason to refuse a model
            logger.exception("This model's pictures have no preview.")
            self._matrix = None
        self._seen: tuple[Any, Any, Any, Any] | None = None

    def watch(self, scheduler: Any) -> None:
        """Note what each step of `scheduler` starts from."""
        step = scheduler.step
        self._seen = None

        @functools.wraps(step)  # pipelines look at the arguments that it takes
        def noting(model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            self._seen = scheduler, model_output, timestep, sample
            return step(model_output, timestep, sample, *args, **kwargs)

        scheduler.step = noting

    def pictures(self) -> list[Image.Image]:
        """One RGB picture of a pixel per latent cell for each picture of the group; none before the first step."""
        import torch

        if self._matrix is None or self._seen is None:
            return []
        with torch.no_grad():
            latents = _denoised(*self._seen).float().permute(0, 2, 3, 1).cpu()
            ones = torch.ones(*latents.shape[:3], 1)
            colours = torch.cat([latents, ones], dim=-1) @ self._matrix
            levels = ((colours.nan_to_num() + 1) * 127.5).clamp(0, 255).to(torch.uint8).numpy()
        return [Image.fromarray(picture) for picture in levels]


def _fit(vae: Any) -> Any:
    """The matrix, (latent channels + 1, 3): from scaled latents and 1 to RGB between -1 and 1."""
    import torch
    from torch.nn import functional

    chance = torch.Generator().manual_seed(0)
    fields = torch.rand(SAMPLES, 3, 4, 4, generator=chance) * 3 - 1.5
    pixels = functional.interpolate(fields, size=(SIDE, SIDE), mode="bilinear").clamp(-1, 1)
    encoded = vae.encode(pixels.to(vae.device, vae.dtype))
    latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
    latents = latents.float().cpu() * vae.config.scaling_factor
    targets = functional.adaptive_avg_pool2d(pixels, latents.shape[-2:])
    rows = latents.permute(0, 2, 3, 1).flatten(0, 2)
    rows = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    if not rows.isfinite().all():
        raise ValueError("its VAE gives no finite numbers")
    return torch.linalg.lstsq(rows, targets.permute(0, 2, 3, 1).flatten(0, 2)).solution


def _denoised(scheduler: Any, output: Any, timestep: Any, sample: Any) -> Any:
    """The latents that the model's `output` at this step points to, noise taken off ("x0").

    With a the share of signal at the step, a variance-preserving sample is sqrt(a) x0 + sqrt(1 - a) noise; samplers
    that start from noise of more than unit size (Euler, Heun) keep theirs divided by sqrt(a).
    """
    signal = float(scheduler.alphas_cumprod[int(timestep)])
    root, noise = signal**0.5, (1 - signal) ** 0.5
    if float(scheduler.init_noise_sigma) > 1:
        sample = sample * root
    match scheduler.config.prediction_type:
        case "v_prediction":
            return root * sample - noise * output
        case "sample":
            return output
        case _:
            return (sample - noise * output) / root
