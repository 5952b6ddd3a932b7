"""One worker per device: a lock that the kernel frees when its holder dies, however it dies."""

import fcntl
import os
import re
from pathlib import Path
from typing import IO


class SlotTaken(Exception):
    """Another process of this machine works on the device."""


class Slot:
    """The right to work on one device. Held until `release` or the end of the process that took it.

    Take it in the very process that works: a lock that a child inherits would outlive the parent's death.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._path = folder / f"slot-{re.sub(r'[^A-Za-z0-9-]', '_', name)}.lock"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Raises SlotTaken, naming the holder."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise SlotTaken(f"Another worker (process {holder}) already uses {self.name}.") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
