from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from demo_model import packages
from demo_model.compose import Composer
from demo_model.subjects import SUBJECTS


def stand_in(number: int) -> Image.Image:
    """A picture with a transparent surrounding, another for each number, so that no test has to fetch the real ones."""
    picture = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 10, 246, 246), fill=(number * 37 % 256, number * 91 % 256, number * 53 % 256, 255))
    draw.rectangle((60, 60, 60 + number, 160), fill=(number * 17 % 256, 40, 200, 255))
    return picture


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    return [stand_in(number) for number in range(len(SUBJECTS))]


@pytest.fixture
def work(tmp_path: Path, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work folder whose package is fetched already, and is one of stand-ins."""
    archive = tmp_path / "packages" / "stand-ins-1.0.0.tgz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for subject, picture in zip(SUBJECTS, pictures, strict=True):
            file = io.BytesIO()
            picture.save(file, "WEBP", lossless=True, exact=True)
            member = tarfile.TarInfo(f"package/assets/{subject.code}.webp")
            member.size = file.tell()
            file.seek(0)
            tar.addfile(member, file)
    sha512 = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    monkeypatch.setattr(packages, "PICTURES", packages.Package("stand-ins", "1.0.0", sha512))
    return tmp_path


@pytest.fixture(scope="session")
def composer(pictures: list[Image.Image]) -> Composer:
    return Composer(pictures)


@pytest.fixture(scope="session")
def small_composer(pictures: list[Image.Image]) -> Composer:
    return Composer(pictures, size=64)
