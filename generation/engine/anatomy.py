"""What a checkpoint is made of, seen without loading it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

from generation.engine import families, folders, weights
from generation.engine.checkpoints import Checkpoint
from generation.engine.families import STABLE_DIFFUSION_2, Family

CHUNK = 8 * 1024**2  # bytes
FACTOR = 8  # px per latent cell


@dataclass(frozen=True)
class Anatomy:
    """
    Attributes:
        family: by its name; "" where it cannot be told.
        words: what it is good at.
        numbers: how many its weights are: their bytes in memory follow from the number type.
        prediction_type: of a Stable Diffusion 2, whose files may need to be told; "" of others.
        is_told: whether the prediction type is what somebody says, not what the model is known for.
        defaults: what a request with it means: that of the family, under the model's own.
    """

    family: str = ""
    words: str = ""
    numbers: int = 0
    prediction_type: str = ""
    is_told: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)


def of(checkpoint: Checkpoint) -> Anatomy:
    """Raises whatever the libraries raise for one that is broken; ValueError for one that cannot be used here."""
    if isinstance(checkpoint.source, str):  # on the hub
        return Anatomy(defaults=dict(checkpoint.defaults))
    return _of_file(checkpoint) if checkpoint.source.is_file() else _of_folder(checkpoint)


def _of_file(checkpoint: Checkpoint) -> Anatomy:
    path = Path(checkpoint.source)
    shapes = weights.shapes(path)
    family = families.of_file(shapes)
    parts = (families.UNET, families.VAE, *family.encoders)
    numbers = sum(prod(shape) for name, shape in shapes.items() if name.startswith(parts))
    prediction_type = checkpoint.prediction_type or families.predicts(family, path.name)
    side = families.LARGER_SIDE if _is_larger(family, prediction_type) else family.side
    return _anatomy(checkpoint, family, side, numbers, prediction_type, is_told=family is STABLE_DIFFUSION_2)


def _of_folder(checkpoint: Checkpoint) -> Anatomy:
    folder = Path(checkpoint.source)
    family = folders.family_of(folder)
    numbers = sum(prod(shape) for file in _weights_of(folder) for shape in weights.shapes(file).values())
    cells = folders.config(folder, "unet/config.json").get("sample_size")
    side = cells * FACTOR if isinstance(cells, int) and 64 <= cells * FACTOR <= 2048 else 512
    prediction_type = str(folders.config(folder, "scheduler/scheduler_config.json").get("prediction_type", ""))
    return _anatomy(checkpoint, family, side, numbers, prediction_type, is_told=False)


def _anatomy(
    checkpoint: Checkpoint, family: Family | None, side: int, numbers: int, prediction_type: str, *, is_told: bool
) -> Anatomy:
    usual = {"width": side, "height": side, **(family.defaults if family else {})}
    return Anatomy(
        family=family.name if family else "Stable Diffusion of its own size",
        words=str(checkpoint.defaults.get("good_at") or (family.words if family else "")),
        numbers=numbers,
        prediction_type=prediction_type if family is STABLE_DIFFUSION_2 else "",
        is_told=is_told,
        defaults={**usual, **checkpoint.defaults},
    )


def _is_larger(family: Family, prediction_type: str) -> bool:
    return family is STABLE_DIFFUSION_2 and prediction_type == "v_prediction"


def _weights_of(folder: Path) -> Iterator[Path]:
    """The files that are loaded: a folder may have the same in other number types, too."""
    for part in folders.PARTS:
        for file in sorted((folder / part).glob("*.safetensors")):
            if not {"fp16", "bf16", "non_ema"} & set(file.name.split(".")):
                yield file


def size_of(source: Path | str) -> int:
    """Bytes on the disk; 0 of what lies on the hub."""
    if isinstance(source, str):
        return 0
    files = source.rglob("*") if source.is_dir() else [source]
    return sum(file.stat().st_size for file in files if file.is_file())


def hash_of(source: Path, stopping: Callable[[], bool]) -> str:
    """The SHA-256 of a file, or of all weights of a folder one after the other, in the order of their names.

    "" where it was stopped; asked after every 8 MiB.
    """
    hashed = sha256()
    for path in sorted(source.rglob("*.safetensors")) if source.is_dir() else [source]:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                hashed.update(chunk)
                if stopping():
                    return ""
    return hashed.hexdigest()
