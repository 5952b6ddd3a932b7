"""Many requests at once, as `manage.py generate` reads them: a prompt a line, or JSON with any setting."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from generation.forms import RecipeForm

SETTINGS = tuple(RecipeForm.base_fields)

TEXT, NUMBER = (str,), (int, float)


class BadLine(ValueError):
    """The text is a sentence."""


class Line(NamedTuple):
    name: str
    """What it is called in a sentence."""
    settings: dict[str, Any]
    digest: str
    """The same whenever the same is asked for at the same place among its equals."""


def lines(prompts: Iterable[str], text: str, usual: Mapping[str, Any]) -> list[Line]:
    """What is asked for, by each of the prompts and by each line of the text that is not empty.

    Args:
        usual: the settings of all of them, but where a line has its own.

    Raises:
        BadLine: it is no JSON, or has what is no setting.
    """
    asked: list[tuple[str, dict[str, Any]]] = [(repr(prompt), {"prompt": prompt}) for prompt in prompts]
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            name = f"line {number}"
            asked.append((name, _settings(line.strip(), name)))
    seen: Counter[str] = Counter()
    found = []
    for name, own in asked:
        settings = {**usual, **own}
        said = json.dumps(settings, sort_keys=True)
        seen[said] += 1
        digest = hashlib.sha256(f"{seen[said]} {said}".encode()).hexdigest()
        found.append(Line(name, settings, digest))
    return found


def _settings(line: str, name: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {"prompt": line}
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(
            f"{name} begins with {{ but is no JSON ({error}). "
            'A prompt that begins so has to be written as {"prompt": "..."}.'
        ) from error
    for key, value in given.items():
        if key not in SETTINGS:
            raise BadLine(f"{name}: there is no setting {key[:80]!r}. The settings are {', '.join(SETTINGS)}.")
        if value is not None and (isinstance(value, bool) or not isinstance(value, (*TEXT, *NUMBER))):
            raise BadLine(f"{name}: {key} has to be a text or a number.")
    return {key: value for key, value in given.items() if value is not None}


class _FileOnDisk(UploadedFile):  # type: ignore[type-arg]
    """Opened when it is read: there may be more of them than can be open at once."""

    def __init__(self, path: Path) -> None:
        super().__init__(None, path.name, size=path.stat().st_size)
        self._path = path

    def read(self, size: int = -1) -> bytes:
        with self._path.open("rb") as file:
            return file.read(size)


def form_of(line: Line, folder: Path) -> RecipeForm:
    """The form that checks a line.

    Args:
        folder: what the path of a source file is relative to.

    Raises:
        BadLine: there is no such source file.
    """
    settings = dict(line.settings)
    if "source_file" not in settings:
        return RecipeForm(settings)
    path = folder / str(settings.pop("source_file"))
    if not path.is_file():
        raise BadLine(f"{line.name}: there is no file {path}.")
    return RecipeForm(settings, MultiValueDict({"source_file": [_FileOnDisk(path)]}))
