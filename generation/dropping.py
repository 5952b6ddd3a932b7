"""A picture that somebody brings fills in the form of the home page."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from generation.carried import WITHOUT_A_BOX
from generation.forms import in_threes
from generation.usable import Taken, origin, other_model, short, usable
from library.settings_of import NoSettings, found_in


def take(file: "UploadedFile[bytes] | None") -> Taken:
    """The settings of a picture. Raises NoSettings with a sentence for people."""
    if file is None:
        raise NoSettings("Choose a picture first.")
    name = short(file.name or "the picture")
    found = found_in(file, name)
    values, notes = usable({name: value for name, value in found.settings.items() if name != "strength"})
    values, in_all = in_threes(values)
    told = [origin(name, found.settings, found.tool), *notes, in_all, _source(found.settings)]
    # What the picture does not say is the default again, whatever the form carried before.
    line = " ".join(filter(None, [*told, *other_model(found.settings)]))
    return Taken({**dict.fromkeys(WITHOUT_A_BOX, ""), **values}, line)


def _source(found: Mapping[str, Any]) -> str:
    return "It was painted over another picture, which is not in it." if "strength" in found else ""
