"""The LoRA files on the page with all settings: a weight for each, which ends in the prompt."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from generation.defaults import lora_folder
from generation.engine import loras

PREFIX = "lora:"
MOST_SHOWN = 100
"""More are used by their names in the prompt: a form may have 200 fields."""


def with_known_loras(prompt: str) -> str:
    """The words of a prompt whose LoRA files are all here. Raises ValidationError."""
    try:
        loras.chosen(prompt, lora_folder())
    except loras.NoLora as error:
        raise forms.ValidationError(str(error)) from error
    return loras.without(prompt).strip()


class LoraFields(forms.Form):
    """Fields for the files that are there; those that the prompt names already are taken out of it and shown here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(loras.there(lora_folder()))
        self._names = names[:MOST_SHOWN]
        self.loras_not_shown = len(names) - len(self._names)
        for number, name in enumerate(self._names):
            self.fields[PREFIX + name] = forms.FloatField(
                label=name,
                min_value=loras.LEAST,
                max_value=loras.MOST,
                required=False,
                widget=forms.NumberInput(attrs={"id": f"id_lora_{number}"}),  # a name may have spaces
            )
        self._take_out_of_the_prompt()

    def _take_out_of_the_prompt(self) -> None:
        prompt = str(self.initial.get("prompt") or "")
        try:
            weights = {name: weight for name, weight in loras.asked(prompt).items() if name in self._names}
        except loras.NoLora:  # told when it is sent
            return
        if weights:
            shown = {PREFIX + name: f"{weight:g}" for name, weight in weights.items()}
            self.initial = {**self.initial, **shown, "prompt": loras.with_weights(prompt, dict.fromkeys(weights, 0.0))}

    @property
    def lora_fields(self) -> list[BoundField]:
        return [self[PREFIX + name] for name in self._names]

    def prompt_with_weights(self, data: dict[str, Any]) -> str:
        """The prompt with those that have a weight; 0 leaves what the prompt itself says.

        Raises:
            ValidationError: that makes too many, or too long a prompt.
        """
        weights = {name: data[PREFIX + name] for name in self._names if data.get(PREFIX + name)}
        prompt = loras.with_weights(data["prompt"], weights)
        try:
            loras.asked(prompt)
        except loras.NoLora as error:
            raise forms.ValidationError(str(error)) from error
        longest = self.fields["prompt"].max_length  # type: ignore[attr-defined]
        if len(prompt) > longest:
            raise forms.ValidationError(f"With its LoRA files the prompt is longer than {longest:,} characters.")
        return prompt
