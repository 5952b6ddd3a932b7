"""Which model a form is about, and what that means for its other settings."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from django import forms

from generation import defaults, limits, status
from generation.engine.recipe import Recipe
from generation.models import KnownModel


class Option(NamedTuple):
    value: str
    """The model's name; "" for the default."""
    label: str
    is_chosen: bool


def default_name(now: status.Status | None = None) -> str:
    """Of the model that whoever names none gets, or is about to."""
    if name := (now or status.current()).model:
        return name
    first = KnownModel.objects.usable().first()
    return first.name if first else ""


def defaults_of(name: str) -> dict[str, Any]:
    """What a request means where it leaves a setting out, with the model of that name; "" or another: the default."""
    known = KnownModel.objects.called(name) if name else None
    return defaults.values(known.defaults) if known else status.current().defaults


def limit_of(known: KnownModel) -> limits.Limit:
    """How large its pictures may be."""
    usual = Recipe(prompt="", seed=0, **defaults.values(known.defaults)).pixels
    return limits.limit(measured=known.max_pixels, usual=usual)


class ChoosesModel(forms.Form):
    """For a form that shows which model it is about."""

    now: status.Status

    @cached_property
    def _default(self) -> str:
        return default_name(self.now)

    @cached_property
    def _usable(self) -> list[KnownModel]:
        return list(KnownModel.objects.usable())

    @cached_property
    def chosen(self) -> KnownModel | None:
        """None for the default."""
        name = str(self["model"].value() or "")
        return next((known for known in self._usable if known.name == name != self._default), None)

    @property
    def limit(self) -> limits.Limit:
        return limit_of(self.chosen) if self.chosen else self.now.limit

    @property
    def models(self) -> list[Option]:
        """The default first; empty where there is nothing to choose."""
        names = sorted((known.name for known in self._usable), key=lambda name: name != self._default)
        if len(names) < 2:
            return []
        chosen = self.chosen.name if self.chosen else names[0]
        return [
            Option("" if name == self._default else name, name + " (default)" * (name == self._default), name == chosen)
            for name in names
        ]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        return defaults.values(self.chosen.defaults) if self.chosen else self.now.defaults


def followed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without those that only stood there because the model chosen before means them.

    The form says in `shown_model` whose defaults it was filled with.
    """
    before, after = str(values.get("shown_model") or ""), str(values.get("model") or "")
    if "shown_model" not in values or before == after:
        return dict(values)
    usual = defaults_of(before)
    return {name: value for name, value in values.items() if name not in usual or not _same(value, usual[name])}


def _same(given: Any, usual: Any) -> bool:
    try:
        return float(given) == float(usual)
    except (TypeError, ValueError):
        return bool(str(given) == str(usual))
