"""How two pictures differ, in numbers and as a picture. No database."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from library.decoding import decode_file

Pixels = NDArray[np.int16]


@dataclass(frozen=True)
class Difference:
    mean: float
    """Of all channels of all pixels, of 255."""
    greatest: int
    share: float
    """Of the pixels that differ at all, 0.0 to 1.0."""

    @property
    def percent(self) -> str:
        """The share as it is read: one pixel of a million is not none."""
        percent = self.share * 100
        return f"{percent:.1f}" if percent >= 0.1 else "less than 0.1"


def measure(a: Path, b: Path) -> Difference | None:
    """How the pictures in two files differ; None when they are not of the same size.

    Raises:
        OSError: one of them is no sound picture.
    """
    apart = _apart(a, b)
    if apart is None:
        return None
    return Difference(float(apart.mean()), int(apart.max()), float(apart.any(axis=2).mean()))


def picture(a: Path, b: Path) -> bytes | None:
    """The difference as a WebP, so strong that the greatest is white; black where they agree.

    Raises:
        OSError: one of them is no sound picture.
    """
    apart = _apart(a, b)
    if apart is None:
        return None
    strong = (apart.astype(np.float32) * (255 / max(1, int(apart.max())))).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(strong).save(file, "WEBP", lossless=True, method=0, quality=0)  # the least effort
    return file.getvalue()


def _apart(a: Path, b: Path) -> Pixels | None:
    """The absolute difference of each channel: (height, width, 3)."""
    one, other = _pixels(a), _pixels(b)
    return None if one.shape != other.shape else np.abs(one - other)


def _pixels(path: Path) -> Pixels:
    shown: Any = np.asarray(decode_file(path))
    return shown.astype(np.int16)  # type: ignore[no-any-return]
