"""The diffusers adapter: Stable Diffusion pipelines, loaded once and kept."""

import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from generation.engine import anatomy, devices, folders, samplers, single_file, words
from generation.engine.adapters import Adapters
from generation.engine.base import Measured, OnStep, OutOfMemory, Unreadable
from generation.engine.checkpoints import Checkpoint
from generation.engine.kept import Kept
from generation.engine.measuring import measure
from generation.engine.memory import memory_of
from generation.engine.preview import Preview
from generation.engine.recipe import IN_TILES, Recipe
from generation.engine.vae import in_tiles, precise

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A model, and what is made of it once."""

    pipeline: Any
    repainting: Any
    preview: Preview
    scheduler_config: dict[str, Any]
    adapters: Adapters


class DiffusionEngine:
    """Keeps models on a device and makes groups of pictures with one of them. One thread at a time."""

    def __init__(self, device: str = "", loras: Path | None = None) -> None:
        """
        Args:
            device: as torch names it; "" for the best there is.
            loras: the folder of the LoRA files that prompts may name.

        Raises:
            ValueError: there is no such device here.
        """
        _prepare_libraries()
        self.device = devices.best_device(device)
        self.dtype = devices.best_dtype(self.device)
        self.slot = devices.slot_of(self.device)
        self._loras = loras
        self._kept: Kept[Checkpoint, Loaded] = Kept(
            lambda: memory_of(self.device).room, lambda: devices.release_memory(self.device)
        )
        self._checkpoint: Checkpoint | None = None
        self._pipeline: Any = None
        self._repainting: Any = None
        self._preview: Any = None
        self._adapters: Any = None
        self._prompts: tuple[Any, dict[str, Any]] = (None, {})

    @property
    def loaded(self) -> list[Checkpoint]:
        return self._kept.keys()

    def load(self, checkpoint: Checkpoint) -> None:
        self._checkpoint, self._prompts = checkpoint, (None, {})
        self._pipeline = self._repainting = self._preview = self._adapters = None  # nothing holds what is dropped
        if checkpoint not in self._kept:
            self._kept.make_room(self._needed(checkpoint))
            self._kept.add(checkpoint, self._load(checkpoint))
        loaded = self._kept.use(checkpoint)
        self._pipeline, self._repainting, self._preview, self._scheduler_config, self._adapters = loaded

    @property
    def _name(self) -> str:
        return self._checkpoint.name if self._checkpoint else ""

    def _needed(self, checkpoint: Checkpoint) -> int:
        """Bytes of memory that the weights will take."""
        try:
            return anatomy.of(checkpoint).numbers * self.dtype.itemsize
        except Exception:  # it cannot be read, which will be told when it is
            return 0

    def _load(self, checkpoint: Checkpoint) -> Loaded:
        try:
            return self._prepared(self._read(checkpoint))
        except Exception as error:  # loaders raise anything at all for a broken file
            if not devices.is_out_of_memory(error):
                raise Unreadable(f"{checkpoint.name} cannot be loaded: {_why(error)}") from error
            if not self._kept.keys():
                raise OutOfMemory(f"{checkpoint.name} needs more memory than there is.") from error
        self._kept.drop_all_but(None)
        return self._load(checkpoint)

    def _prepared(self, pipeline: Any) -> Loaded:
        import torch

        pipeline.set_progress_bar_config(disable=True)
        pipeline.to(self.device)
        pipeline.unet.to(memory_format=torch.channels_last)
        if hasattr(pipeline, "text_encoder_2"):
            pipeline.vae.enable_slicing()  # a group of 1024 px at once would take more memory than all else
        scheduler_config = dict(pipeline.scheduler.config)
        adapters = Adapters(pipeline, self._loras)
        return Loaded(pipeline, _repainting(pipeline), Preview(pipeline.vae), scheduler_config, adapters)

    def _read(self, checkpoint: Checkpoint) -> Any:
        source = checkpoint.source
        if not isinstance(source, Path):
            raise ValueError("it has to be downloaded first.")
        options: dict[str, Any] = {"dtype": self.dtype, "feature_extractor": None, "image_encoder": None}
        if source.is_file():
            return single_file.read(source, prediction_type=checkpoint.prediction_type, **options)
        return folders.read(source, **options)

    def warm_up(self, recipe: Recipe) -> Measured:
        try:
            return measure(self, recipe)
        except OutOfMemory as error:
            raise OutOfMemory(f"{self._name} needs more memory than there is.") from error
        except Exception as error:  # a model of another kind fails anywhere
            raise Unreadable(f"{self._name} was loaded but makes no pictures: {_why(error)}") from error

    def generate(
        self, recipe: Recipe, *, first: int, size: int, on_step: OnStep, source: Image.Image | None = None
    ) -> list[Image.Image]:
        try:
            with in_tiles(self._pipeline.vae, recipe.decoding == IN_TILES):
                if source and not recipe.steps_run:
                    return self._through_the_vae(source, size, on_step)
                return self._generate(recipe, first, size, on_step, source)
        except Exception as error:
            if not devices.is_out_of_memory(error):
                raise
            reason = str(error)
        devices.release_memory(self.device)  # not before: the error holds on to what was being made
        if not self._kept.drop_all_but(self._checkpoint):
            raise OutOfMemory(reason)
        logger.warning("Out of memory: the models that only wait are dropped.")
        return self.generate(recipe, first=first, size=size, on_step=on_step, source=source)

    def _generate(
        self, recipe: Recipe, first: int, size: int, on_step: OnStep, source: Image.Image | None
    ) -> list[Image.Image]:
        width, height = recipe.output_size
        if source:
            pipeline, what = self._repainting, {"image": source, "strength": recipe.strength}
        else:
            pipeline, what = self._pipeline, {"width": width, "height": height}
        pipeline.scheduler = samplers.make(recipe.sampler, self._scheduler_config, steps=recipe.steps)
        self._preview.watch(pipeline.scheduler)
        self._adapters.use(recipe.prompt)
        embeddings = self._encode(recipe)

        def report(_pipeline: Any, step: int, _timestep: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, pipeline.num_timesteps, self._preview.pictures)
            return {}

        return list(
            pipeline(
                **embeddings,
                num_images_per_prompt=size,
                num_inference_steps=recipe.steps,
                guidance_scale=recipe.guidance_scale,
                eta=recipe.eta,
                generator=[_generator(recipe.seed_of(first + place)) for place in range(size)],
                callback_on_step_end=report,
                **what,
            ).images
        )

    def _through_the_vae(self, source: Image.Image, size: int, on_step: OnStep) -> list[Image.Image]:
        """What is left of the source where no step is run: all that its latents can hold."""
        import torch

        processor = self._pipeline.image_processor
        with torch.no_grad(), precise(self._pipeline.vae) as vae:
            encoded = vae.encode(processor.preprocess(source).to(self.device, vae.dtype))
            latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
            [picture] = processor.postprocess(vae.decode(latents, return_dict=False)[0])
        on_step(1, 1, list)
        return [picture.copy() for _ in range(size)]

    def _encode(self, recipe: Recipe) -> dict[str, Any]:
        """What the pipeline takes of the words; kept, since a job's groups all need the same."""
        guided = recipe.guidance_scale > 1
        texts = words.wanted(recipe.prompt), words.unwanted(recipe.prompt, recipe.negative_prompt), guided
        known_by = (*texts, self._adapters.active)  # LoRA files change the text encoder, too
        if self._prompts[0] != known_by:
            import torch

            with torch.no_grad():
                self._prompts = (known_by, words.encode(self._pipeline, self.device, *texts))
        return self._prompts[1]


def _repainting(pipeline: Any) -> Any:
    """A pipeline of the same parts that begins with a source picture."""
    import diffusers

    kind: Any = diffusers.StableDiffusionImg2ImgPipeline  # diffusers' own functions have no types
    options: dict[str, Any] = {"requires_safety_checker": False}
    if hasattr(pipeline, "text_encoder_2"):
        kind, options = diffusers.StableDiffusionXLImg2ImgPipeline, {"add_watermarker": False}
    repainting = kind(**pipeline.components, **options)
    repainting.set_progress_bar_config(disable=True)
    return repainting


def _generator(seed: int) -> "torch.Generator":
    """On the CPU whatever the device, so that a seed means the same everywhere."""
    import torch

    return torch.Generator("cpu").manual_seed(seed)


def _why(error: BaseException) -> str:
    """The reason in a sentence; the libraries' own words where there is no better one."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _prepare_libraries() -> None:
    """Before torch is imported: what it reads from the environment once, and a quiet log."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # OpenMP's threads wait for each other by spinning. Where anything else wants a core (the web server, a game),
    # that makes every layer wait for a time slice: measured 2 to 3 times slower than sleeping. Alone: no difference.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=UserWarning, module=r"peft\.")  # of several LoRA files, and fewer
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
