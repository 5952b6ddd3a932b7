"""The file of a backup: a zip, with a checksum of everything in it."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MANIFEST = "manifest.json"
VERSION = 1
CHUNK = 1024 * 1024  # bytes
PRIVATE = 0o600 << 16  # where a zip keeps a file's mode
PACKED = (".json", ".jsonl", ".sqlite3", ".env")
"""Suffixes that are worth compressing; pictures are already."""

Tell = Callable[[], None]
"""Called after each file."""


class Unusable(Exception):
    """The file is no backup, or not whole; the text is a sentence."""


class Writer:
    """Writes a backup beside its name; it takes the name once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        self._part.touch(mode=0o600)
        self._zip = ZipFile(self._part, "w")
        self._files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: IO[bytes]) -> None:
        entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = PRIVATE
        entry.compress_type = ZIP_DEFLATED if name.endswith(PACKED) else ZIP_STORED
        with self._zip.open(entry, "w", force_zip64=True) as target:
            self._files[name] = _copy(source, target)

    def finish(self, **facts: Any) -> None:
        """The last thing that is written: what the backup is, and what is in it."""
        manifest = {"version": VERSION, **facts, "files": self._files}
        self._zip.writestr(MANIFEST, json.dumps(manifest, indent=1), ZIP_DEFLATED)
        self._zip.close()
        self._part.replace(self._path)

    def clean_up(self) -> None:
        """Leave nothing half written behind."""
        with suppress(ValueError):  # a file of it is still open, because writing it failed
            self._zip.close()
        self._part.unlink(missing_ok=True)


class Backup:
    """A backup that is read."""

    def __init__(self, path: Path) -> None:
        """Raises Unusable."""
        try:
            self._zip = ZipFile(path)
            self.manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
            self._files: dict[str, dict[str, Any]] = dict(self.manifest["files"])
            self.size = sum(int(file["size"]) for file in self._files.values())
            """Bytes of all that is in it."""
            version = self.manifest["version"]
        except OSError as error:
            raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
        except (BadZipFile, KeyError, ValueError, TypeError, RecursionError) as error:
            raise Unusable(f"{path} is no backup of a playground, or not a whole one.") from error
        if version != VERSION:
            raise Unusable(f"{path} was made by a later version of the playground: upgrade this one first.")

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def below(self, folder: str) -> Iterator[PurePosixPath]:
        """The paths of the files in a folder of the backup, relative to it."""
        return (PurePosixPath(name).relative_to(folder) for name in self._files if name.startswith(f"{folder}/"))

    def verify(self, tell: Tell) -> None:
        """Read all of it. Raises Unusable: something is missing, has been changed, or would lie outside."""
        if sorted([*self._files, MANIFEST]) != sorted(self._zip.namelist()):
            raise Unusable("The backup does not hold what its manifest says.")
        for name, said in self._files.items():
            if name.startswith("/") or "\\" in name or {"", ".", ".."} & {*name.split("/")}:
                raise Unusable(f"The backup has a file with the name {name[:200]!r}, which no backup has.")
            try:
                with self._zip.open(name) as source:
                    found = _copy(source)
            except (BadZipFile, OSError, ValueError) as error:
                raise Unusable(f"The backup is damaged: {name} cannot be read.") from error
            if found != said:
                raise Unusable(f"The backup is damaged: {name} is not what was put into it.")
            tell()

    def extract(self, name: str, path: Path) -> None:
        """Afterwards `path` is whole, or is not there. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        with self._zip.open(name) as source, part.open("wb") as target:
            _copy(source, target)
        part.replace(path)

    def read(self, name: str) -> IO[bytes]:
        return self._zip.open(name)


def _copy(source: IO[bytes], target: IO[bytes] | None = None) -> dict[str, Any]:
    """Its size and checksum, as a manifest has them."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target:
            target.write(chunk)
    return {"size": size, "sha256": digest.hexdigest()}


def room_for(size: int, folder: Path) -> str:
    """Why `size` bytes do not fit where `folder` is or will be; "" where they do."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(there).free
    return "" if free > size else f"{size / 1e9:.1f} GB do not fit on the disk of {there}, which has {free / 1e9:.1f}."
