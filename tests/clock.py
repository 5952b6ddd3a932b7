"""A clock of one's own for a site, which can be set back while it runs. The machine's stays what it is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")

needs_a_clock = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"),
    reason="no C compiler; `make test` installs one where it may",
)


class Clock:
    """Goes with the machine's until it is set."""

    def __init__(self, folder: Path) -> None:
        self._offset, self._library = folder / "offset", folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self._library, SOURCE], check=True)
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        """Of the processes that it is for."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_OFFSET": str(self._offset)}

    def set(self, seconds: int) -> None:
        """How far from the machine's it is."""
        part = self._offset.with_suffix(".part")
        part.write_text(f"{seconds}\n")
        part.replace(self._offset)
