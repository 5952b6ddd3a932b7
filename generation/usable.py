"""Settings that come with a picture or stand in an address: what of them can be used here, and what cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from generation.choosing import default_name
from generation.defaults import lora_folder
from generation.engine import loras
from generation.engine.samplers import SAMPLERS
from generation.forms import LONGEST, SOURCES, RecipeForm
from generation.models import KnownModel
from generation.sources import NOT_THERE
from library.adopting import ELSEWHERE
from library.facts import output_size
from library.infotext import plain
from library.models import Batch, Image
from library.samplers import split_any_schedule

SIZE = ("width", "height", "downsampling_factor")
LONGEST_NAME = 60  # characters of a file's, a model's or a tool's name that a sentence shows


@dataclass(frozen=True)
class Taken:
    values: dict[str, Any]
    """What the form shows and carries now, by the names of its fields."""
    line: str
    """Where the settings are from, and what could not be taken over; empty where there is nothing to say."""


def from_address(query: Mapping[str, str], kind: type[RecipeForm] = RecipeForm) -> Taken:
    """What a page's address fills its form with: what it says itself, over the settings of a picture that it names."""
    key = query.get("settings_of", "")
    name, recipe, tool = _in_library(key) if key else ("the address", {}, "")
    given = {**recipe, **query}
    is_gone = not name
    if (source := given.get("source_image")) and not Image.objects.kept().called(source):
        del given["source_image"]
        is_gone = True
    values, notes = usable(_over_source(given) if any(given.get(source) for source in SOURCES) else given, kind)
    told = [NOT_THERE] * is_gone
    other = other_model(given)
    if recipe or notes or other:
        told += [origin(name or "the address", recipe, tool), *notes, *other]
    elif key and name:
        told += [f"{name} does not say how it was made: the settings are the defaults."]
    return Taken(values, " ".join(told))


def _in_library(key: str) -> tuple[str, dict[str, Any], str]:
    """(name, recipe, tool) of a picture, or of a batch; the source is that of the batch. Empty: it is gone."""
    try:
        UUID(key)
    except ValueError:
        return "", {}, ""
    image = Image.objects.kept().select_related("batch").called(key)
    batch = image.batch if image else Batch.objects.worth_showing().filter(uuid=key).first()
    if batch is None:
        return "", {}, ""
    recipe = {key: value for key, value in batch.recipe.items() if key not in SOURCES}
    if image and image.seed is not None:
        recipe["seed"] = image.seed
    name = image.download_name if image else f"“{short(batch.words)}”"
    return name, recipe, "" if batch.origin == ELSEWHERE else batch.origin


def _over_source(given: Mapping[str, Any]) -> dict[str, Any]:
    """Over a source the factor is 8: the size as it came out stays what comes out."""
    try:
        width, height = output_size({**given, **{side: int(given[side]) for side in SIZE}}).split("x")
    except (KeyError, TypeError, ValueError):
        return dict(given)
    return {**given, "width": int(width), "height": int(height), "downsampling_factor": 8}


def usable(found: Mapping[str, Any], kind: type[RecipeForm] = RecipeForm) -> tuple[dict[str, Any], list[str]]:
    """Those that the form would take, and a sentence for each that it would not."""
    values = {name: value for name, value in found.items() if name in kind.base_fields and value not in ("", None)}
    _take_model_of_ours(values)
    notes = [*_loras_of_ours(values), *_cut(values), *_sampler_of_ours(values)]
    while errors := kind({**values, "prompt": "any"}).errors if values.keys() - {"prompt"} else {}:
        wrong = _of_size(values) if set(errors) & {"__all__", *SIZE} else {name for name in errors if name in values}
        if not wrong:
            break
        notes += _notes(values, wrong)
        values = {name: value for name, value in values.items() if name not in wrong}
    return values, notes


def origin(name: str, settings: Mapping[str, Any], tool: str = "") -> str:
    """'Settings from fox.png, made with sd-v1-5 by A1111 v1.10.1.'"""
    model = settings.get("model")
    made = f" with {short(model)}" * bool(model) + f" by {short(tool)}" * bool(tool)
    return f"Settings from {name}{', made' if made else ''}{made}."


def other_model(found: Mapping[str, Any]) -> list[str]:
    """A sentence where the settings are of a model that is not here."""
    model = str(found.get("model") or "")
    default = default_name() if model else ""
    is_here = not default or _bare(model) == _bare(default) or _model_here(model)
    return [] if is_here else [f"The model in use is {default}."]


def _take_model_of_ours(values: dict[str, Any]) -> None:
    """Puts our name for the model in its place, where it is here and not the default anyway."""
    named = str(values.pop("model", None) or "")
    if named and _bare(named) != _bare(default_name()) and (ours := _model_here(named)):
        values["model"] = ours


def _model_here(named: str) -> str:
    """Our name for a model, which other tools may write in their own way; empty where it is not here."""
    ours = {_bare(name): name for name in KnownModel.objects.usable().values_list("name", flat=True)}
    return ours.get(_bare(named), "")


def short(value: object) -> str:
    text = plain(str(value))
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _of_size(values: Mapping[str, Any]) -> set[str]:
    """A size is taken over whole or not at all."""
    return {name for name in SIZE if name in values}


def _notes(values: Mapping[str, Any], wrong: set[str]) -> list[str]:
    if wrong & set(SIZE):
        size = f"{short(values.get('width', '…'))} × {short(values.get('height', '…'))}"
        return [f"Its size, {size} px, is not possible here; the default is used."]
    told = [(name, name.replace("num_", "number of ").replace("_", " ")) for name in sorted(wrong)]
    return [
        f"Its {words} {short(values[name])} is not possible here{'' if name == 'seed' else '; the default is used'}."
        for name, words in told
    ]


def _loras_of_ours(values: dict[str, Any]) -> list[str]:
    """Takes the LoRA files that are not here out of the prompt."""
    prompt = str(values.get("prompt", ""))
    try:
        missing = loras.asked(prompt).keys() - loras.there(lora_folder()).keys()
    except loras.NoLora:  # told when it is sent
        return []
    if missing:
        values["prompt"] = loras.with_weights(prompt, dict.fromkeys(missing, 0.0))
    return [f"Its LoRA file {short(name)} is not here." for name in sorted(missing)]


def _cut(values: dict[str, Any]) -> list[str]:
    """Cuts texts that are too long for the form. Text is stripped before, as the form would."""
    notes = []
    for name in ("prompt", "negative_prompt"):
        text = str(values.get(name, "")).strip()
        if len(text) > LONGEST:
            notes.append(f"Its {name.replace('_', ' ')} is cut after {LONGEST:,} characters.")
        if name in values:
            values[name] = text[:LONGEST]
    return notes


def _sampler_of_ours(values: dict[str, Any]) -> list[str]:
    """Puts our name for the sampler in its place: without a schedule that we have not, in the letters we write."""
    named = values.pop("sampler", None)
    if named is None:
        return []
    ours = {name.casefold(): name for name in SAMPLERS}
    base, _ = split_any_schedule(str(named))
    found = ours.get(str(named).casefold()) or ours.get(base.casefold())
    if found:
        values["sampler"] = found
    if found and found.casefold() == str(named).casefold():
        return []
    return [f"Its sampler {short(named)} is not here; {found or 'the default'} is used."]


def _bare(model: str) -> str:
    name = PurePath(model)
    return (name.stem if name.suffix in (".safetensors", ".ckpt") else model).casefold()
