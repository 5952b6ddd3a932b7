"""LoRA files, small changes to a model, as prompts name them in A1111's way: <lora:watercolour:0.8>."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = "lora"  # in the models' folder
LEAST, MOST = -2.0, 2.0  # of a weight
AT_ONCE = 8  # in one prompt
NAMED = 20  # in a sentence

_TAG = re.compile(r"<lora:([^<>\n]{1,300})>")
_WEIGHT = re.compile(r"[+-]?(\d{1,3}(\.\d{0,6})?|\.\d{1,6})", re.ASCII)
_LONGEST_HEADER = 16 * 1024 * 1024  # bytes


class NoLora(ValueError):
    """A LoRA file that a prompt names cannot be used; the text says why in words for people."""


@dataclass(frozen=True)
class Lora:
    name: str
    path: Path
    weight: float


def there(folder: Path) -> dict[str, Path]:
    """The LoRA files in the folder by their names, those that a prompt can name."""
    files = folder.glob("*.safetensors") if folder.is_dir() else []
    return {path.stem: path for path in sorted(files) if _can_be_named(path.stem) and path.is_file()}


def _can_be_named(name: str) -> bool:
    return name.isprintable() and not set(name) & set("<>:") and name == name.strip() and not name.startswith(".")


def chosen(prompt: str, folder: Path) -> list[Lora]:
    """The files that the prompt names. A name never becomes a path: it is looked up among those that are there.

    Raises:
        NoLora: there is none of that name, or its weight makes no sense.
    """
    weights = asked(prompt)
    found = there(folder) if weights else {}
    for name in weights:
        if name not in found:
            raise NoLora(f"There is no LoRA file called {_short(name)} here. {_those(found)}")
    return [Lora(name, found[name], weight) for name, weight in weights.items()]


def asked(prompt: str) -> dict[str, float]:
    """Names and weights in the prompt; of several with one name the last counts. Raises NoLora.

    >>> asked("a fox <lora:watercolour:0.8> <lora:snow>")
    {'watercolour': 0.8, 'snow': 1.0}
    """
    weights = {}
    for body in _TAG.findall(prompt):
        name, _, weight = body.partition(":")
        if weight and not _WEIGHT.fullmatch(weight.strip()):
            raise NoLora(f"<lora:{_short(body)}> cannot be read: it has to look like <lora:name:0.8>.")
        weights[name.strip()] = float(weight or 1)
        if not LEAST <= weights[name.strip()] <= MOST:
            raise NoLora(f"The weight of a LoRA file is {LEAST:g} to {MOST:g}; {_short(name)} has {weight.strip()}.")
    if len(weights) > AT_ONCE:
        raise NoLora(f"At most {AT_ONCE} LoRA files can be used at once.")
    return weights


def without(prompt: str) -> str:
    """The prompt without them, as it is encoded.

    >>> without("a fox <lora:watercolour:0.8>")
    'a fox '
    """
    return _TAG.sub("", prompt)


def count(prompt: str) -> int:
    return len(_TAG.findall(prompt))


def with_weights(prompt: str, weights: Mapping[str, float]) -> str:
    """The prompt with these at its end, in place of those of the same names. Weights of 0 are left out.

    >>> with_weights("a <lora:snow> fox", {"snow": 0.5})
    'a fox <lora:snow:0.5>'
    """
    kept = _TAG.sub(lambda tag: "" if tag[1].partition(":")[0].strip() in weights else tag[0], prompt)
    kept = re.sub(r"(?<=\S)[ \t]{2,}(?=\S)", " ", kept).strip() if kept != prompt else prompt
    return " ".join([kept, *(f"<lora:{name}:{weight:g}>" for name, weight in weights.items() if weight)]).strip()


def _those(found: Mapping[str, Path]) -> str:
    if not found:
        return f"There are none: the owner of this site puts them into models/{FOLDER}."
    names = list(found)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"There are {', '.join(names[:NAMED])}{more}."


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def hashes(prompt: str, folder: Path) -> str:
    """Of the files that the prompt names, as A1111 writes them: 'watercolour: 0123456789ab, snow: ...'.

    One that cannot be read is left out: whoever makes the pictures says so.
    """
    try:
        return ", ".join(f"{lora.name}: {shown_hash(lora.path)}" for lora in chosen(prompt, folder) if lora.weight)
    except (NoLora, OSError):
        return ""


def content_hash(path: Path) -> str:
    """SHA-256 of the weights in the file, whatever its header says of them; OSError where it cannot be read."""
    found = path.stat()
    return _hashes(path, found.st_mtime_ns, found.st_size)[0]


def shown_hash(path: Path) -> str:
    """The 12 digits that A1111 shows: those that the trainer wrote into the file, else of its content."""
    found = path.stat()
    content, written = _hashes(path, found.st_mtime_ns, found.st_size)
    return (written or content)[:12]


@lru_cache(maxsize=64)
def _hashes(path: Path, modified: int, size: int) -> tuple[str, str]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, _LONGEST_HEADER))
        file.seek(min(8 + length, size))
        return hashlib.file_digest(file, "sha256").hexdigest(), _written(header)


def _written(header: bytes) -> str:
    try:
        written = json.loads(header)["__metadata__"]["sshs_model_hash"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return written if isinstance(written, str) and re.fullmatch(r"[0-9a-f]{12,64}", written) else ""
