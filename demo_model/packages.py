"""The npm package that the pictures come from, pinned to one archive.

The npm client fetches it, from whatever registry it is set up for, and the archive's SHA-512 is checked here.
The pictures are Microsoft's, under MIT: the notice lies beside the weights (`LICENSE-fluent-emoji.txt`).
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha512: str  # of the archive, in base64, as npm writes it into lock files

    @property
    def archive(self) -> str:
        """What `npm pack` calls the file."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


PICTURES = Package(
    "@lobehub/fluent-emoji-3d",
    "1.1.0",
    "Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
)


class WrongPackage(Exception):
    """What the registry gave is not the pinned archive, or there is no npm client to ask it."""


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive in `folder`, fetched if it is not there.

    Raises:
        WrongPackage: it cannot be fetched, or its contents are not those that are pinned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / package.archive
    if not path.exists():
        pack(package, folder)
    found = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if found != package.sha512:
        raise WrongPackage(
            f"{path} is not {package.name} {package.version}: its SHA-512 is {found}. Delete it, try again."
        )
    return path


def pack(package: Package, folder: Path) -> None:
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    try:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        raise WrongPackage("The pictures come from the npm registry, and there is no npm here. Install npm.") from None
    except subprocess.CalledProcessError as error:
        raise WrongPackage(f"npm could not fetch {package.name} {package.version}: see its message above.") from error


def read(archive: Path, names: set[str]) -> dict[str, bytes]:
    """The named files of an archive, by name (without the `package/` that npm puts before all)."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.removeprefix("package/")
            if name in names and (file := tar.extractfile(member)):
                found[name] = file.read()
    return found
