"""Fetching files of the hub so that a break costs nothing: what has come lies beside the file until it is whole.

The hub's own library throws a half file away when its process ends, and a model's largest takes an hour on a slow line.
It still puts every file into place.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRIES, LONGEST_PAUSE = 6, 8.0  # without anything new before one gives up; s
TELL_EVERY = 0.5  # s


class Refused(Exception):
    """This cannot be downloaded; the text says why in words for people."""


class Broken(Exception):
    """The connection broke off; what has come is kept. The text says so in words for people."""


@dataclass(frozen=True)
class Part:
    """A file of a repository."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    """Of its content, which is its name in the cache; "" for a small text, which is fetched whole."""

    def blob(self, home: Path) -> Path:
        return home / "blobs" / self.sha256

    def half(self, home: Path) -> Path:
        """Where it lies until it is whole."""
        return home / "blobs" / f"{self.sha256}.half"

    def came(self, home: Path, commit: str) -> int:
        """Bytes of it that are here."""
        if (home / "snapshots" / commit / self.path).exists() or (self.sha256 and self.blob(home).exists()):
            return self.size
        return min(_size(self.half(home)), self.size) if self.sha256 else 0


class Meter:
    """Counts what comes, and says how long the rest will take."""

    def __init__(
        self, parts: tuple[Part, ...], home: Path, commit: str, tell: Callable[[int, int, float | None], None]
    ) -> None:
        """
        Args:
            tell: is called with bytes that are here, bytes in all, and s that the rest will take.
        """
        self._total = sum(part.size for part in parts)
        self._done = self._first = sum(part.came(home, commit) for part in parts)
        self._began = time.monotonic()
        self._told = 0.0
        self._tell = tell

    @property
    def missing(self) -> int:
        return self._total - self._done

    def count(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if now - self._told >= TELL_EVERY or not self.missing:
            self._told = now
            seconds, came = now - self._began, self._done - self._first
            left = self.missing * seconds / came if came > 0 else None
            self._tell(self._done, self._total, left)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else downloads the same meanwhile. Raises Broken when somebody does."""
    from filelock import FileLock, Timeout

    home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home / ".downloading", timeout=0):
            yield
    except Timeout as error:
        raise Broken("It is being downloaded by another process already.") from error


def fetch(part: Part, repository: str, commit: str, cache: Path, endpoint: str | None, meter: Meter) -> None:
    """Have the file in its place. What `meter` tells may raise; then the rest is kept for later, too."""
    from huggingface_hub import hf_hub_download, hf_hub_url

    home = cache / f"models--{repository.replace('/', '--')}"
    before = part.came(home, commit)
    if before < part.size and part.sha256:
        _fill(hf_hub_url(repository, part.path, revision=commit, endpoint=endpoint), part, home, meter)
    hf_hub_download(repository, part.path, revision=commit, cache_dir=cache, endpoint=endpoint)
    if before < part.size and not part.sha256:
        meter.count(part.size)


def _fill(url: str, part: Part, home: Path, meter: Meter) -> None:
    """Append what is missing of the half file, however often the connection breaks; then make it the whole one."""
    half = part.half(home)
    half.parent.mkdir(parents=True, exist_ok=True)
    tries = TRIES
    while (have := _size(half)) < part.size:
        broken = _append(url, half, part, meter)
        tries = TRIES if _size(half) > have else tries - 1
        if not tries:
            raise Broken(f"The connection to the hub broke off ({type(broken).__name__}).") from broken
        if broken:
            _pause(min(LONGEST_PAUSE, 2.0 ** (TRIES - tries)), meter)
    if _sha256(half) != part.sha256:
        half.unlink()
        raise Refused(f"{part.path} came in damaged, and was thrown away. Another try may bring it whole.")
    half.replace(part.blob(home))


def _append(url: str, half: Path, part: Part, meter: Meter) -> Exception | None:
    """What broke the connection; None: it ended in good order."""
    import httpx2
    from huggingface_hub import get_session
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

    have = _size(half)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with get_session().stream("GET", url, headers=headers, timeout=30) as answer:
            hf_raise_for_status(answer)
            is_rest = _begins_at(answer, have)
            if have and not is_rest:
                meter.count(-have)
            with half.open("ab" if is_rest else "wb") as file:
                for piece in answer.iter_bytes():
                    meter.count(file.write(piece[: part.size - file.tell()]))
    except HfHubHTTPError as error:
        if not may_pass(error.response.status_code):
            raise
        return error
    except httpx2.HTTPError as error:
        return error
    return None


def may_pass(status: int) -> bool:
    """Whether another try may be answered with something better."""
    return status >= 500 or status in (408, 429)


def _begins_at(answer: Any, have: int) -> bool:
    """Whether the answer goes on where the half file ends; else it is the whole file."""
    given = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return answer.status_code == 206 and given is not None and int(given[1]) == have


def _pause(seconds: float, meter: Meter) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        meter.count(0)
        time.sleep(min(left, TELL_EVERY))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
