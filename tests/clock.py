"""A clock of one's own for a site, which can be set back while it runs. The machine's stays what it is."""

from pathlib import Path

import pytest

_found = [str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
needs_a_clock = pytest.mark.skipif(not _found, reason="no libfaketime here; `make test` installs it where it may")


class Clock:
    """Goes with the machine's until it is set."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    @property
    def environment(self) -> dict[str, str]:
        """Of the processes that it is for."""
        return {
            "LD_PRELOAD": _found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",  # a clock that is set leaves this one alone
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """How far from the machine's it is: "-1h"."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{offset}\n")
        part.replace(self._file)
