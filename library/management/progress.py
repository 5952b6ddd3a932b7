"""How commands tell what they are at: one line on stderr that is written over; a file or a pipe gets none."""

import sys
import time

from django.core.management.base import OutputWrapper


def pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"


class Progress:
    def __init__(self, stderr: OutputWrapper, total: int | None = None) -> None:
        """
        Args:
            total: how many there will be, if that is known: then the time that is left is told, too.
        """
        self._stderr, self._total, self._began = stderr, total, time.monotonic()
        self.done = 0

    def step(self) -> None:
        self.done += 1
        if not sys.stderr.isatty():
            return
        if self._total is None:
            self._stderr.write(f"\r{self.done:,}", ending="")
            return
        left = (time.monotonic() - self._began) / self.done * (self._total - self.done)
        self._stderr.write(f"\r{self.done:,} of {self._total:,}, {left:.0f} s left   ", ending="")

    def end(self) -> None:
        if self.done and sys.stderr.isatty():
            self._stderr.write("")
