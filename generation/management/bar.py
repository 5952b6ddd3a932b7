"""The line on stderr on which commands show how far they are."""

import sys
import time

from django.core.management.base import OutputWrapper

from generation.templatetags.times import duration

WIDTH = 24  # characters


def bar(fraction: float) -> str:
    """
    >>> bar(0.5)
    '[############............]'
    """
    filled = int(WIDTH * fraction)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}]"


class StatusLine:
    """Written over on a terminal. A file or a pipe gets a line whenever there is another one, without the time left."""

    def __init__(self, stderr: OutputWrapper) -> None:
        self._stderr = stderr
        self.is_terminal = bool(stderr.isatty())
        self._shown = ""

    def show(self, line: str, left: str = "") -> None:
        """
        Args:
            left: how long it will take yet, as a part of a sentence.
        """
        if self.is_terminal:
            self._stderr.write(f"\r\x1b[K{line}{left}", ending="")
            sys.stderr.flush()
        elif line != self._shown:
            self._stderr.write(line)
        self._shown = line

    def end(self) -> None:
        """What comes next stands below."""
        if self.is_terminal and self._shown:
            self._stderr.write("")
        self._shown = ""


class Counter:
    """How many of so many bytes are done, with the time left, on a terminal only."""

    def __init__(self, stderr: OutputWrapper, total: int, what: str = "done") -> None:
        self._line, self._total, self._what = StatusLine(stderr), total, what
        self._done, self._began = 0, time.monotonic()
        self._next = self._began

    def add(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if self._line.is_terminal and now >= self._next:
            self._next = now + 0.2
            left = (now - self._began) * (self._total / max(1, self._done) - 1)
            share = min(1.0, self._done / max(1, self._total))
            self._line.show(f"{bar(share)} {self._done / 1e6:,.0f} MB {self._what}", f", about {duration(left)} left")

    def end(self) -> None:
        self._line.end()
