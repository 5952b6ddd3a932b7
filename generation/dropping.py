"""A picture that somebody brings fills in the form of the home page."""

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
    values, notes = usable(found.settings)
    values, in_all = in_threes(values)
    told = [origin(name, found.settings, found.tool), *notes, in_all, *other_model(found.settings)]
    # What the picture does not say is the default again, whatever the form carried before.
    return Taken({**dict.fromkeys(WITHOUT_A_BOX, ""), **values}, " ".join(filter(None, told)))
