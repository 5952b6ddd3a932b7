"""One form checks every request, whatever it came by, and ends in a Recipe."""

import secrets
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import cached_property
from PIL import Image

from generation import limits, sources, status
from generation.carried import Carried, carried
from generation.choosing import limit_of
from generation.defaults import values
from generation.engine.recipe import SEEDS, Recipe
from generation.engine.samplers import SAMPLERS
from generation.lora_fields import with_known_loras
from generation.models import KnownModel
from library.models import Shelf, Unreachable

LONGEST = 2000  # characters of a prompt
OVER_A_SOURCE = {"strength": 0.75, "sampler": "DDIM"}
"""Defaults that go over the model's own."""
FACTORS = (2, 4, 8, 16)
SOURCES = ("source_file", "source_url", "source_image")  # the first that is given counts


def validate_unicode(text: str) -> None:
    """Half a surrogate pair, which JSON and command lines can carry, is no text: nothing could store it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise forms.ValidationError("This contains something that is not text.") from error


class RecipeForm(forms.Form):
    """All settings of a request. An absent or empty one means the default."""

    prompt = forms.CharField(
        max_length=LONGEST,
        validators=[validate_unicode],
        error_messages={"required": "Write what you want to see."},
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST}),
    )
    negative_prompt = forms.CharField(max_length=LONGEST, required=False, validators=[validate_unicode])
    num_images = forms.IntegerField(label="Images", min_value=1, max_value=30, required=False)
    seed = forms.IntegerField(
        min_value=0,
        max_value=SEEDS - 1,
        required=False,
        error_messages={"invalid": "A seed is a whole number.", "max_value": f"The highest seed is {SEEDS - 1}."},
    )
    width = forms.IntegerField(min_value=64, max_value=limits.LONGEST_SIDE, step_size=8, required=False)
    height = forms.IntegerField(min_value=64, max_value=limits.LONGEST_SIDE, step_size=8, required=False)
    steps = forms.IntegerField(min_value=1, max_value=250, required=False)
    guidance_scale = forms.FloatField(min_value=1, max_value=20, required=False)
    eta = forms.FloatField(min_value=0, max_value=1, required=False)
    sampler = forms.ChoiceField(
        choices=[(name, name) for name in SAMPLERS],
        required=False,
        error_messages={"invalid_choice": f"The samplers are {', '.join(SAMPLERS)}."},
    )
    downsampling_factor = forms.TypedChoiceField(
        choices=[(factor, factor) for factor in FACTORS],
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": "The factor is 2, 4, 8 or 16."},
    )

    model = forms.CharField(
        max_length=300,
        required=False,
        validators=[validate_unicode],
        help_text="One of the names of /api/v1/models; the default one where it is left out.",
    )
    strength = forms.FloatField(min_value=0.001, max_value=1, required=False)
    source_image = forms.UUIDField(required=False, error_messages={"invalid": "There is no such picture."})
    source_url = forms.CharField(max_length=2000, required=False, validators=[validate_unicode])
    source_file = forms.FileField(required=False)

    source: Image.Image | None = None
    """The picture to paint over, as large as those that will come out. Only after take_source()."""
    origin = ""
    """A line on where the settings are from, and what of them could not be taken over."""
    retry_after = 0
    """s, where nothing is wrong but too much is going on: 429 instead of 422."""
    _model: KnownModel | None = None

    @property
    def once(self) -> str:
        """A new key for each time that the form is shown, so that a double click makes one job."""
        return secrets.token_urlsafe(9)

    def clean_model(self) -> str:
        """One that is there, never a path or an address: names are looked up, and mean nothing else."""
        name: str = self.cleaned_data["model"]
        if name:
            self._model = KnownModel.objects.called(name)
            if self._model is None:
                raise forms.ValidationError(KnownModel.objects.no_such(name))
        return name

    def clean_prompt(self) -> str:
        if not with_known_loras(self.cleaned_data["prompt"]):
            raise forms.ValidationError(self.fields["prompt"].error_messages["required"])
        return str(self.cleaned_data["prompt"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self._recipe = self._resolve(data)
            width, height = self._recipe.output_size
            if width % 8 or height % 8:
                raise forms.ValidationError(
                    f"With this factor {width} × {height} px would come out, which no model can make: "
                    "both sides have to be multiples of 8."
                )
            limit = self.limit
            if self._recipe.pixels > limit.pixels:
                raise forms.ValidationError(f"{width} × {height} px is {limit.beyond} ({limit.pixels:,} px in all).")
        return data

    def _resolve(self, data: dict[str, Any]) -> Recipe:
        given = {name: given for name, given in data.items() if given not in (None, "")}
        if "seed" not in given:
            given["seed"] = secrets.randbelow(SEEDS)
        if self.has_source:
            given = {**OVER_A_SOURCE, **given, "downsampling_factor": 8}
        else:
            given.pop("strength", None)
        if given.get("source_image"):
            given["source_image"] = str(given["source_image"])
        fields = {name: given[name] for name in given if name in Recipe.__dataclass_fields__}
        usual = values(self._model.defaults) if self._model else self.now.defaults
        return Recipe(**{**usual, **fields})

    @cached_property
    def now(self) -> status.Status:
        """How the workers are: what is left out, and how large a picture may be, depend on it."""
        return status.current()

    @property
    def limit(self) -> limits.Limit:
        """How large a picture may be, with the model that it is about."""
        return limit_of(self._model) if self._model else self.now.limit

    @property
    def has_source(self) -> bool:
        return any(self.cleaned_data.get(name) for name in SOURCES)

    @property
    def faults(self) -> list[str]:
        """Every error, with the name of its setting."""
        return [self._fault(name, error) for name, errors in self.errors.items() for error in errors]

    def _fault(self, name: str, error: object) -> str:
        return str(error) if name == "__all__" else f"{self[name].label}: {error}"

    def take_source(self, visitor: str) -> bool:
        """Fetch the source picture, if one is named, and fit it to the size. False: its field says why not."""
        field = next((name for name in SOURCES if self.cleaned_data.get(name)), "")
        if not field:
            return True
        try:
            Shelf.objects.demand_room()  # where it will be kept
            picture = self._picture(field, visitor)
        except (sources.NoPicture, Unreachable) as error:
            self.add_error(field, str(error))
            return False
        except sources.Busy as busy:
            self.add_error(field, str(busy))
            self.retry_after = busy.retry_after
            return False
        self.source = sources.letterbox(picture, *self.recipe().output_size)
        return True

    def _picture(self, field: str, visitor: str) -> Image.Image:
        given = self.cleaned_data[field]
        if field == "source_file":
            return sources.from_upload(given)
        return sources.from_url(given, visitor=visitor) if field == "source_url" else sources.from_library(given)

    def recipe(self) -> Recipe:
        """What was asked for. Only after is_valid()."""
        return self._recipe


class HomeForm(RecipeForm):
    """What the home page offers: words, groups of three, and a seed that can be kept."""

    num_images = forms.TypedChoiceField(  # type: ignore[assignment]  # narrower than the base on purpose
        label="Images",
        choices=[(count, count) for count in range(3, 31, 3)],
        coerce=int,
        empty_value=None,
        initial=3,
        required=False,
        error_messages={"invalid_choice": "Choose 3 to 30 images, in threes."},
    )
    keep_seed = forms.BooleanField(required=False, label="Keep the seed")

    refused = ""
    """Why none could be taken from a picture."""

    @cached_property
    def carried(self) -> Carried | None:
        return carried(self)

    @property
    def errors_without_a_box(self) -> list[str]:
        """What is wrong with settings that the page does not show, and with all of them together."""
        names = sorted(self.errors.keys() - {"prompt", "num_images", "seed"})
        return [self._fault(name, error) for name in names for error in self.errors[name]]

    @property
    def seed_to_show(self) -> int | None:
        """What stands in the seed's box after these pictures were asked for: the seed if it is kept."""
        return self.recipe().seed if self.cleaned_data["keep_seed"] else None


def in_threes(values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The values with as many images as the home page can ask for, and a sentence if that is another number."""
    given = str(values.get("num_images", ""))
    count = int(given) if given.isdecimal() and len(given) < 3 else 0
    if count % 3 == 0 or count > 30:
        return dict(values), ""
    more = count + 3 - count % 3
    return {**values, "num_images": more}, f"{count} image{'s' * (count > 1)} became {more}: here they come in threes."
