"""Files of weights, opened without executing anything: what is in them, and what must not be."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generation.engine.families import Shapes

PICKLE, SAFE = ".ckpt", ".safetensors"


class _StandIn:
    """In place of what some checkpoints name beside their weights: it takes anything and does nothing."""

    def __new__(cls, *_: Any) -> "_StandIn":
        return super().__new__(cls)

    def __setstate__(self, _: Any) -> None:
        pass


_HARMLESS = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",  # in the original v1.4 checkpoint
    "numpy.core.multiarray.scalar",  # losses and the like, which trainers write down
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
)

OLDEST = (2, 6)
"""Of PyTorch: before it, what a pickle says could be executed all the same (CVE-2025-32434)."""

_one_at_a_time = threading.Lock()
"""torch's list of stand-ins is the whole process's."""


@contextmanager
def harmless(path: Path) -> Iterator[None]:
    """While the file is read: a pickle is read with weights only, and those stand-ins.

    Raises:
        ValueError: the file is a pickle that names more than tensors. Nothing in it has been executed.
    """
    import torch

    with _one_at_a_time, torch.serialization.safe_globals([(_StandIn, name) for name in _HARMLESS]):
        if path.suffix.lower() == PICKLE:
            _refuse_code(path)
        yield


def _refuse_code(path: Path) -> None:
    import torch

    if tuple(map(int, torch.__version__.split(".")[:2])) < OLDEST:
        raise ValueError(f"this PyTorch is too old to read it safely; {'.'.join(map(str, OLDEST))} or newer is needed.")
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except ValueError as error:
        raise ValueError(
            "it is no checkpoint as PyTorch has written them since 2020. Whoever has an older one can convert it to "
            ".safetensors elsewhere."
        ) from error
    if names:
        raise ValueError(f"it would execute {', '.join(sorted(names)[:3])}, which no model has to.")


def shapes(path: Path) -> Shapes:
    """Of the tensors in a .safetensors or .ckpt file; the weights themselves are not read.

    Raises:
        Exception: whatever the libraries raise for a file that is broken; ValueError for one with code in it.
    """
    if path.suffix.lower() == SAFE:
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    return {name: tuple(tensor.shape) for name, tensor in _tensors(path).items()}


def below(path: Path, beginning: str) -> dict[str, Any]:
    """The tensors whose names begin so, without that beginning."""
    if path.suffix.lower() == SAFE:
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys() if name.startswith(beginning)}  # noqa: SIM118
    else:
        found = {name: tensor for name, tensor in _tensors(path).items() if name.startswith(beginning)}
    return {name.removeprefix(beginning): tensor for name, tensor in found.items()}


def _tensors(path: Path) -> dict[str, Any]:
    """Those of a pickle, still on the disk."""
    import torch

    with harmless(path):
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    while isinstance(found, dict) and "state_dict" in found:
        found = found["state_dict"]
    items = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in items if isinstance(name, str) and isinstance(value, torch.Tensor)}
