"""A picture that somebody brings fills in the form: what of its settings can be used here, and what cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from generation import status
from generation.carried import WITHOUT_A_BOX
from generation.engine.samplers import SAMPLERS
from generation.forms import LONGEST, RecipeForm, in_threes
from library.infotext import plain
from library.samplers import split_any_schedule
from library.settings_of import Found, NoSettings, found_in

SIZE = ("width", "height", "downsampling_factor")
LONGEST_NAME = 60  # characters of a file's, a model's or a tool's name that a sentence shows


@dataclass(frozen=True)
class Taken:
    values: dict[str, Any]
    """What the form shows and carries now, by the names of its fields."""
    line: str
    """Where the settings are from, and what could not be taken over."""


def take(file: "UploadedFile[bytes] | None") -> Taken:
    """The settings of a picture. Raises NoSettings with a sentence for people."""
    if file is None:
        raise NoSettings("Choose a picture first.")
    name = _short(plain(file.name or "the picture"))
    found = found_in(file, name)
    values, notes = _usable(found.settings)
    values, in_all = in_threes(values)
    notes += [note for note in (in_all, _source(found.settings), _other_model(found.settings)) if note]
    # What the picture does not say is the default again, whatever the form carried before.
    return Taken({**dict.fromkeys(WITHOUT_A_BOX, ""), **values}, " ".join([_origin(name, found), *notes]))


def _origin(name: str, found: Found) -> str:
    """'Settings from fox.png, made with sd-v1-5 by A1111 v1.10.1.'"""
    model = found.settings.get("model")
    made = f" with {_short(model)}" * bool(model) + f" by {_short(found.tool)}" * bool(found.tool)
    return f"Settings from {name}{', made' if made else ''}{made}."


def _usable(found: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Those that the form would take, and a sentence for each that it would not."""
    values = {name: value for name, value in found.items() if name in RecipeForm.base_fields and name != "strength"}
    notes = [*_cut(values), *_sampler_of_ours(values)]
    while errors := RecipeForm({**values, "prompt": "any"}).errors:
        wrong = _of_size(values) if set(errors) & {"__all__", *SIZE} else {name for name in errors if name in values}
        if not wrong:
            break
        notes += _notes(values, wrong)
        values = {name: value for name, value in values.items() if name not in wrong}
    return values, notes


def _of_size(values: Mapping[str, Any]) -> set[str]:
    """A size is taken over whole or not at all."""
    return {name for name in SIZE if name in values}


def _notes(values: Mapping[str, Any], wrong: set[str]) -> list[str]:
    if wrong & set(SIZE):
        size = f"{_short(values.get('width', '…'))} × {_short(values.get('height', '…'))}"
        return [f"Its size, {size} px, is not possible here; the default is used."]
    told = [
        (name, f"Its {name.replace('_', ' ')} {_short(values[name])} is not possible here") for name in sorted(wrong)
    ]
    return [f"{start}{'.' if name == 'seed' else '; the default is used.'}" for name, start in told]


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
    return [f"Its sampler {_short(named)} is not here; {found or 'the default'} is used."]


def _source(found: Mapping[str, Any]) -> str:
    return "It was painted over another picture, which is not in it." if "strength" in found else ""


def _other_model(found: Mapping[str, Any]) -> str:
    model, ours = found.get("model"), status.current().model
    if not model or not ours or _bare(str(model)) == _bare(ours):
        return ""
    return f"The model in use is {ours}."


def _bare(model: str) -> str:
    name = PurePath(model)
    return (name.stem if name.suffix in (".safetensors", ".ckpt") else model).casefold()


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
