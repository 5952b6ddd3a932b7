"""The form of the advanced page."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import cached_property

from generation.choosing import ChoosesModel
from generation.engine.recipe import Recipe
from generation.forms import FACTORS, OVER_A_SOURCE, SOURCES, RecipeForm
from generation.lora_fields import LoraFields
from library.models import Image as LibraryImage


@dataclass(frozen=True)
class Factor:
    """A downsampling factor with what would come out of it."""

    factor: int
    width: int
    height: int
    is_chosen: bool
    hindrance: str
    """Why it cannot be chosen."""


class AdvancedForm(LoraFields, ChoosesModel, RecipeForm):
    """All settings at once. A seed of 0 is a random one, as it was in the original playground."""

    strength_percent = forms.FloatField(label="Strength", min_value=0.1, max_value=100, required=False)

    with_a_source = "with a source picture it is 8"
    """What hinders another factor."""

    SIDES = (256, 1024)  # px; smaller where the model's own size is
    TOO_SMALL = 64

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if strength := _fraction(self.initial.get("strength")):
            self.initial["strength_percent"] = round(strength * 100, 3)

    def _resolve(self, data: dict[str, Any]) -> Recipe:
        return super()._resolve({**data, "prompt": self.prompt_with_weights(data)})

    def clean_seed(self) -> int | None:
        return self.cleaned_data["seed"] or None

    def clean_strength_percent(self) -> float | None:
        percent: float | None = self.cleaned_data["strength_percent"]
        if percent:
            self.cleaned_data["strength"] = round(percent / 100, 5)
        return percent

    @property
    def usual_sampler(self) -> str:
        has_source = any(self[name].value() for name in SOURCES)
        return str(OVER_A_SOURCE["sampler"] if has_source else self.defaults["sampler"])

    @cached_property
    def source_shown(self) -> LibraryImage | None:
        """The picture of the library that is the source so far."""
        return LibraryImage.objects.kept().select_related("batch").called(self["source_image"].value())

    @property
    def shows_source(self) -> bool:
        """Whether what stands in the form names a source picture. A file is never among it: browsers keep those."""
        return bool(self.source_shown or str(self["source_url"].value() or "").strip())

    @property
    def least_side(self) -> int:
        smallest = min(self.defaults["width"], self.defaults["height"])
        return self.SIDES[0] if smallest >= self.SIDES[0] else self.TOO_SMALL

    @property
    def longest_side(self) -> int:
        """The longest that fits beside the shortest one, with the model's own factor; its own sides at least."""
        fitting = self.limit.pixels // self.least_side // 32 * 32
        own: int = max(self.defaults["width"], self.defaults["height"])
        return max(own, min(self.SIDES[1], fitting))

    @property
    def factors(self) -> list[Factor]:
        chosen = "8" if self.shows_source else self.factor_given
        width, height = (_whole(self[side].value()) or self.defaults[side] for side in ("width", "height"))
        sizes = {factor: (width * 8 // factor, height * 8 // factor) for factor in FACTORS}
        return [
            Factor(factor, *size, str(factor) == chosen, self._hindrance(factor, *size))
            for factor, size in sizes.items()
        ]

    def _hindrance(self, factor: int, width: int, height: int) -> str:
        if width * height > self.limit.pixels:
            return self.limit.beyond
        return self.with_a_source if self.shows_source and factor != 8 else ""

    @property
    def factor_given(self) -> str:
        """That of pictures without a source."""
        given = str(self["downsampling_factor"].value())
        return given if given in map(str, FACTORS) else str(self.defaults["downsampling_factor"])


class OutlookForm(AdvancedForm):
    """What stands on the page before it is sent: of a file the site is told no more than that one is chosen."""

    source_chosen = forms.BooleanField(required=False)

    @property
    def has_source(self) -> bool:
        return bool(self.cleaned_data["source_chosen"]) or super().has_source


def _fraction(value: Any) -> float:
    try:
        return min(1.0, max(0.0, float(value)))
    except (TypeError, ValueError):
        return 0.0


def _whole(value: Any) -> int:
    """A side as somebody may have written it into the address; 0 for nonsense."""
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 6 else 0
