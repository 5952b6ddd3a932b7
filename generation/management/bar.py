"""The line on stderr on which commands show how far they are."""

import sys

from django.core.management.base import OutputWrapper

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
