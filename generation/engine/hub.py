"""Models from the Hugging Face hub, in the cache, in the hub's own layout.

A revision's reference is written last, so whatever has one is whole, and needs no network.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generation.engine import resuming
from generation.engine.repository import COMMIT, INDEX, MAIN, Plan, endpoint, faults_in_words, is_name, plan, split
from generation.engine.resuming import Refused

LEFT_FREE = 500_000_000  # bytes: the library and the database need some, too


@dataclass(frozen=True)
class Progress:
    done: int
    """Bytes."""
    total: int
    seconds_left: float | None = None
    """None while nobody knows."""

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


Tell = Callable[[Progress], None]
"""Called at least twice a second while something comes; whatever it raises ends the download, which can go on later."""


def there(name: str, cache: Path) -> Path | None:
    """The folder of a model that has been downloaded; None where it has not, or not wholly."""
    owned, revision = split(name)
    try:
        commit = (_home(owned, cache) / "refs" / revision).read_text().strip()
    except (OSError, ValueError):
        return None
    folder = _home(owned, cache) / "snapshots" / commit
    return folder if COMMIT.fullmatch(commit) and (folder / INDEX).is_file() else None


def all_there(cache: Path) -> dict[str, Path]:
    """Every model that has been downloaded: its name and its folder."""
    found = {}
    for ref in sorted(cache.glob("models--*--*/refs/**/*")):
        home, revision = _home_and_revision(ref)
        name = home.name.removeprefix("models--").replace("--", "/", 1) + f"@{revision}"
        name = name.removesuffix(f"@{MAIN}")
        if ref.is_file() and is_name(name) and (folder := there(name, cache)):
            found[name] = folder
    return found


def _home(owned: str, cache: Path) -> Path:
    return cache / f"models--{owned.replace('/', '--')}"


def _home_and_revision(ref: Path) -> tuple[Path, str]:
    home = next(folder for folder in ref.parents if folder.name.startswith("models--"))
    return home, ref.relative_to(home / "refs").as_posix()


def download(name: str, cache: Path, tell: Tell, plan_of_it: Plan | None = None) -> Path:
    """Have the model in the cache; what has come already is not fetched again. The folder that can be loaded.

    Raises:
        Refused: it is not to be had, or does not fit on the disk.
        resuming.Broken: the connection; what has come is kept, and the next call goes on there.
    """
    chosen = plan_of_it or plan(name)
    home = _home(chosen.repository, cache)
    with faults_in_words(chosen.repository, chosen.revision), resuming.alone(home):
        meter = resuming.Meter(chosen.parts, home, chosen.commit, lambda *numbers: tell(Progress(*numbers)))
        _refuse_if_too_large(chosen, meter.missing, home)
        for part in sorted(chosen.parts, key=lambda part: -part.size):  # small ones would tell nothing of the line
            resuming.fetch(part, chosen.repository, chosen.commit, cache, endpoint(), meter)
        _write(home / "refs" / chosen.revision, chosen.commit)
    return home / "snapshots" / chosen.commit


def _refuse_if_too_large(chosen: Plan, missing: int, home: Path) -> None:
    free = shutil.disk_usage(home).free
    if missing > free - LEFT_FREE:
        raise Refused(
            f"{chosen.repository} does not fit: {in_words(missing)} are to come, and {in_words(free)} are free on the "
            f"disk of the cache folder, of which {in_words(LEFT_FREE)} have to stay free. Make room, or set "
            "PLAYGROUND_CACHE to a folder on another disk."
        )


def in_words(size: int) -> str:
    """A number of bytes as it is read.

    >>> in_words(4_270_000_000)
    '4.3 GB'
    """
    for unit, width in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= width:
            return f"{size / width:.1f} {unit}"
    return f"{size} bytes"


def _write(ref: Path, commit: str) -> None:
    ref.parent.mkdir(parents=True, exist_ok=True)
    part = ref.with_name(f".{ref.name}.part")
    part.write_text(commit)
    part.replace(ref)
