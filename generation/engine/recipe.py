"""A recipe: all that is needed to make a picture again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

SEEDS = 2**32  # seeds are 0 to 2**32 - 1; the one after the last is 0

IN_TILES = "in tiles"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of one request, by diffusers' names.

    Attributes:
        num_images: how many pictures; the first has `seed`, each next one more.
        width, height: px as asked for; `output_size` says what comes out.
        steps: denoising steps.
        guidance_scale: 1.0 is guidance off.
        eta: DDIM's noise, 0.0 to 1.0; other samplers ignore it.
        sampler: a name of `samplers.SAMPLERS`.
        downsampling_factor: latents have `width / downsampling_factor` cells; the model's own factor is 8.
        model: the model's name, "" for whichever is loaded.
        strength: how much of the source picture is painted over, above 0.0 to 1.0; None where there is no source.
        source_image: uuid of the library's image that is the source, "" for another one or none.
        source_url: where on the web the source is from.
        lora_hashes: of the LoRA files that the prompt names, as `loras.hashes` writes them; "" before they are made.
        decoding: IN_TILES where memory was too small to make the pixels of a picture's latents at once; seams may show.
    """

    prompt: str
    negative_prompt: str = ""
    num_images: int = 3
    seed: int
    width: int = 512
    height: int = 512
    steps: int = 50
    guidance_scale: float = 7.5
    eta: float = 0.0
    sampler: str = "PLMS"
    downsampling_factor: int = 8
    model: str = ""
    strength: float | None = None
    source_image: str = ""
    source_url: str = ""
    lora_hashes: str = ""
    decoding: str = ""

    @property
    def steps_run(self) -> int:
        """Denoising steps that are really run: from a source only the last share of them, perhaps none.

        >>> Recipe(prompt="a fox", seed=1, steps=50, strength=0.75).steps_run
        37
        """
        return self.steps if self.strength is None else int(self.steps * self.strength)

    @property
    def output_size(self) -> tuple[int, int]:
        """(width, height) in px of the pictures that come out.

        >>> Recipe(prompt="a fox", seed=1, width=512, height=256, downsampling_factor=4).output_size
        (1024, 512)
        """
        return self.width * 8 // self.downsampling_factor, self.height * 8 // self.downsampling_factor

    @property
    def pixels(self) -> int:
        """px of one picture that comes out."""
        width, height = self.output_size
        return width * height

    @property
    def megapixels(self) -> float:
        """Millions of px of one picture."""
        return self.pixels / 1e6

    @property
    def work(self) -> float:
        """Megapixels times steps of one picture: what its time is proportional to. Without steps there is the VAE."""
        return self.megapixels * max(1, self.steps_run)

    def seed_of(self, position: int) -> int:
        """The seed of the picture at `position` (1 is the first)."""
        return (self.seed + position - 1) % SEEDS

    def halved(self) -> "Recipe":
        """With half of each side, in whole latent cells.

        >>> Recipe(prompt="a fox", seed=1, width=520, height=64).halved().output_size
        (256, 32)
        """
        factor = self.downsampling_factor
        width, height = (side // 2 // factor * factor for side in (self.width, self.height))
        return replace(self, width=width, height=height)

    def with_model(self, name: str) -> "Recipe":
        return replace(self, model=name)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Recipe":
        """The recipe that `to_dict` gave; keys of a later version are passed over."""
        return cls(**{key: data[key] for key in data if key in cls.__dataclass_fields__})
