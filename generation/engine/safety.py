"""The safety catch: a model that looks at every picture that was made, before anybody else does."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from generation.engine import devices
from generation.engine.base import OutOfMemory

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

FOLDER = "safety-checker"  # in the models' folder
FILES = ("config.json", "model.safetensors", "preprocessor_config.json")

MISSING = (
    "The safety catch is on, but its model is not there, so no picture is handed out. The owner of this site finds it "
    f"at huggingface.co/CompVis/stable-diffusion-safety-checker, and has to put its files ({', '.join(FILES)}) into "
    f"models/{FOLDER}, or turn PLAYGROUND_SAFETY_CHECKER off."
)
UNUSABLE = (
    f"The safety catch is on, but its model in models/{FOLDER} cannot be used ({{}}), so no picture is handed out. "
    "The owner of this site has to put a whole one there, or turn PLAYGROUND_SAFETY_CHECKER off."
)


class NoCatch(Exception):
    """The catch cannot look, so nothing may be handed out; the text says why in words for people."""


def missing(models: Path) -> list[str]:
    """The files of the catch's model that are not in its folder below `models`."""
    return [name for name in FILES if not (models / FOLDER / name).is_file()]


class SafetyCatch:
    """Looks at pictures with diffusers' StableDiffusionSafetyChecker, which is read when it is first needed."""

    def __init__(self, models: Path, device: "torch.device") -> None:
        """
        Args:
            models: the folder in which FOLDER lies.
        """
        self._models, self._device = models, device
        self._checker: Any = None
        self._processor: Any = None

    def load(self) -> None:
        """Have the model at hand. Raises NoCatch, or OutOfMemory."""
        if self._checker:
            return
        if missing(self._models):
            raise NoCatch(MISSING)
        try:
            self._read(self._models / FOLDER)
            self._look_at([Image.new("RGB", (8, 8), "grey")])
        except Exception as error:  # loaders raise anything at all for a broken file
            self._checker = None
            if devices.is_out_of_memory(error):
                raise OutOfMemory(str(error)) from error
            logger.exception("The safety catch cannot be used.")
            raise NoCatch(UNUSABLE.format((str(error).strip().splitlines() or ["it is broken"])[0][:200])) from error

    def _read(self, folder: Path) -> None:
        """In fp32: with half of the digits numbers that are not finite would let every picture through."""
        import torch
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        family: Any = StableDiffusionSafetyChecker  # diffusers' own functions have no types
        options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "dtype": torch.float32}
        checker, found = family.from_pretrained(folder, output_loading_info=True, **options)
        if found["missing_keys"]:  # they would be made up, and flag nothing
            raise ValueError("parts of its weights are missing")
        if not all(weights.isfinite().all() for weights in checker.state_dict().values()):
            raise ValueError("its weights are not finite numbers")
        self._processor = CLIPImageProcessor.from_pretrained(folder, local_files_only=True)
        self._checker = checker.to(self._device).eval()

    def flags(self, pictures: list[Image.Image]) -> list[bool]:
        """Whether each picture is to be withheld. Raises NoCatch, or OutOfMemory."""
        self.load()
        try:
            return self._look_at(pictures)
        except Exception as error:
            if devices.is_out_of_memory(error):
                raise OutOfMemory(str(error)) from error
            raise

    def _look_at(self, pictures: list[Image.Image]) -> list[bool]:
        import torch

        with torch.no_grad():
            pixels = self._processor(pictures, return_tensors="pt").pixel_values.to(self._device)
            blank = [torch.zeros(1) for _ in pictures]  # where it would black out what it flags
            return [bool(flag) for flag in self._checker(clip_input=pixels, images=blank)[1]]
