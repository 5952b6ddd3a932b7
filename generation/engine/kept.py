"""The models that stay loaded: the last few that were used, as far as memory goes."""

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Model = TypeVar("Model")

MOST = 2
TO_WORK_WITH = 2
"""A model stays beside another one only while there is this many times the memory that the other one's weights take:
once for them, and as much again for the pictures in the making."""


class Kept(Generic[Key, Model]):
    """Loaded models by what they are, the last used one at the end."""

    def __init__(self, free: Callable[[], int], release: Callable[[], None], most: int = MOST) -> None:
        """
        Args:
            free: bytes of memory that are free on the device.
            release: gives back what dropped models held.
        """
        self._free, self._release, self._most = free, release, most
        self._models: dict[Key, Model] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._models

    def keys(self) -> list[Key]:
        """The last used first."""
        return list(reversed(self._models))

    def use(self, key: Key) -> Model:
        """The model, which is now the last used. Raises KeyError."""
        self._models[key] = self._models.pop(key)
        return self._models[key]

    def add(self, key: Key, model: Model) -> None:
        self._models[key] = model

    def make_room(self, needed: int) -> None:
        """Drop what was not used for longest until a model can be added whose weights take `needed` bytes."""
        while self._models and (len(self._models) >= self._most or self._free() < TO_WORK_WITH * needed):
            self._drop(next(iter(self._models)))

    def drop_all_but(self, key: Key | None) -> bool:
        """False: there was nothing else."""
        others = [other for other in self._models if other != key]
        for other in others:
            self._drop(other)
        return bool(others)

    def _drop(self, key: Key) -> None:
        del self._models[key]
        self._release()
