"""Settings that the home page has no box for: they travel with the form, and a line tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from generation.choosing import defaults_of

WITHOUT_A_BOX = (
    *("model", "negative_prompt", "width", "height", "steps", "guidance_scale", "eta", "sampler"),
    "downsampling_factor",
)


@dataclass(frozen=True)
class Carried:
    """Those that differ from the defaults."""

    values: dict[str, Any]
    words: str


def carried(form: forms.Form) -> Carried | None:
    """What the form carries; one query, none where nothing was given. A wrong value is carried, to be refused."""
    given = {name: form[name].value() for name in WITHOUT_A_BOX}
    given = {name: _cleaned(form, name, value) for name, value in given.items() if value not in (None, "")}
    usual = defaults_of(str(given.get("model", ""))) if given else {}
    defaults = {"model": "", "negative_prompt": "", "eta": 0.0, **usual}
    values = {name: value for name, value in given.items() if value != defaults[name]}
    return Carried(values, _words(values, defaults)) if values else None


def _cleaned(form: forms.Form, name: str, value: Any) -> Any:
    try:
        return form.fields[name].clean(value)
    except forms.ValidationError:
        return value


def _words(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """'sd-xl · 30 steps · Euler a · 512 × 768 · without: blurry'."""
    size = {"width": defaults["width"], "height": defaults["height"], **values}
    told = {
        "model": "{}",
        "steps": "{} step" if values.get("steps") == 1 else "{} steps",
        "sampler": "{}",
        "width": f"{_short(size['width'])} × {_short(size['height'])}",
        "guidance_scale": "guidance {}",
        "eta": "eta {}",
        "downsampling_factor": "factor {}",
        "negative_prompt": "without: {}",
    }
    if "height" in values:
        values = {"width": None, **values}
    return " · ".join(form.format(_short(values[name])) for name, form in told.items() if name in values)


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
