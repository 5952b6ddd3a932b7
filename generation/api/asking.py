"""From what a program sends to a job: through the one form that checks every request."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django import forms

from generation import queue, sending
from generation.api.bodies import Files
from generation.api.speaking import Refusal
from generation.forms import RecipeForm
from generation.models import Job
from generation.senders import Sender
from generation.waiting import Full

FIELDS = RecipeForm.base_fields


def submission(
    values: Mapping[str, Any], sender: Sender, *, files: Files | None = None, names: Mapping[str, str] | None = None
) -> Callable[[], Job]:
    """What submits the job that is asked for with these values, by the names of the form.

    All that takes its time is done before, a source picture fetched from the web, too: what is left may stand in a
    transaction.

    Args:
        names: what whoever asks calls a setting, where that is something else.

    Raises:
        Refusal: with a sentence, and in `fields` every one that concerns a single setting.
    """
    errors = {name: [problem] for name, value in values.items() if (problem := _problem(name, value))}
    if errors:
        raise _refusal(422, errors, names or {})
    form = RecipeForm({name: _as_text(value) for name, value in values.items()}, files)
    if form.is_valid():
        with _refusing():
            queue.demand_room(sender)  # before a picture is fetched for nothing
    if not form.is_valid() or not form.take_source(sender.key):
        code, headers = sending.refusal(form)
        errors = {name: [str(error) for error in found] for name, found in form.errors.items()}
        raise _refusal(code, errors, names or {}, headers)
    recipe = form.recipe()
    promised = queue.places(recipe)[-1].seconds

    def submit() -> Job:
        with _refusing():
            return queue.submit(recipe, sender=sender, source=form.source, promised=promised)

    return submit


@contextmanager
def _refusing() -> Iterator[None]:
    """Where as many jobs wait as may."""
    try:
        yield
    except Full as full:
        raise Refusal(429, str(full), {"Retry-After": str(full.retry_after)}) from full


def _refusal(
    code: int, errors: Mapping[str, list[str]], names: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Refusal:
    errors = {names.get(name, name): found for name, found in errors.items()}
    sentences = [error if name == "__all__" else f"{name}: {error}" for name in errors for error in errors[name]]
    fields = {name: found for name, found in errors.items() if name != "__all__"}
    return Refusal(code, " ".join(sentences), headers, fields=fields)


def _problem(name: str, value: Any) -> str:
    """What is wrong with the kind of a value; the form cannot see it, to whom everything is text."""
    if name not in FIELDS:
        return f"There is no such setting; there are {', '.join(FIELDS)}."
    field = FIELDS[name]
    if isinstance(field, forms.FileField):
        return "A file has to be sent as multipart/form-data."
    if isinstance(field, forms.BooleanField):
        return "" if value is None or isinstance(value, (bool, str)) else "This is true or false."
    if isinstance(field, forms.CharField):
        return "" if value is None or isinstance(value, str) else "This has to be text."
    is_fitting = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return "" if value is None or is_fitting else "This has to be a number or text."


def _as_text(value: Any) -> str:
    """As a form would carry it; a whole number of any length, too."""
    return "" if value is None or value is False else str(value)


def schema() -> dict[str, Any]:
    """The settings as OpenAPI describes them, from the form: what it learns stands in the documents."""
    fields = {name: _described(field) for name, field in FIELDS.items() if not isinstance(field, forms.FileField)}
    required = [name for name in fields if FIELDS[name].required]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def _described(field: forms.Field) -> dict[str, Any]:
    if isinstance(field, forms.ChoiceField):
        return {"enum": [value for value, _ in field.choices]}  # type: ignore[misc, union-attr]
    kinds = ((forms.FloatField, "number"), (forms.IntegerField, "integer"), (forms.BooleanField, "boolean"))
    found: dict[str, Any] = {"type": next((kind for type_, kind in kinds if isinstance(field, type_)), "string")}
    bounds = {"min_value": "minimum", "max_value": "maximum", "step_size": "multipleOf", "max_length": "maxLength"}
    for attribute, keyword in bounds.items():
        if isinstance(bound := getattr(field, attribute, None), (int, float)):
            found[keyword] = bound
    return found | ({"description": str(field.help_text)} if field.help_text else {})
