"""Reads and checks the environment; settings.py names every variable through `read`."""

import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

names: set[str] = set()
"""Every variable that was asked for."""

SHORTEST_KEY = 32

is_examining = False
"""Set by manage.py for `doctor`, which goes on with the defaults and tells every fault, not only the first."""

faults: list[str] = []
"""What was found while examining."""


def read(name: str, cast: Callable[[str], T], default: T, *, is_secret: bool = False) -> T:
    """The variable `name`, or what the file that `name`_FILE names holds, through `cast`; nothing means `default`.

    Args:
        is_secret: nothing of it may stand in an error.

    Raises:
        ImproperlyConfigured: names the variable and says what `cast` (by its ValueError) had against it.
    """
    names.update((name, f"{name}_FILE"))
    text = os.environ.get(name, "").strip() or _content(f"{name}_FILE")
    if not text:
        return default
    try:
        return cast(text)
    except ValueError as error:
        shown = name if is_secret else f"{name}={without_password(text)}"
        _refuse(f"{shown} is not right: {error}.", error)
        return default


def without_password(text: str) -> str:
    """An address as it may stand in a log.

    >>> without_password("postgres://user:pass/word@host/name")
    'postgres://…@host/name'
    """
    return re.sub(r"^(\w+://)?.*@", r"\1…@", text)


def _content(name: str) -> str:
    path = os.environ.get(name, "").strip()
    try:
        return Path(path).read_text().strip() if path else ""
    except (OSError, ValueError) as error:
        _refuse(f"{name}={path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.", error)
        return ""


def _refuse(sentence: str, error: Exception | None = None) -> None:
    if not is_examining:
        raise ImproperlyConfigured(sentence) from error
    faults.append(sentence)


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    def cast(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"it must be a whole number from {lowest} to {highest}")
        return int(text)

    return cast


def number(lowest: float, highest: float) -> Callable[[str], float]:
    def cast(text: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) or not lowest <= float(text) <= highest:
            raise ValueError(f"it must be a number from {lowest:g} to {highest:g}")
        return float(text)

    return cast


def one_of(*choices: int) -> Callable[[str], int]:
    def cast(text: str) -> int:
        if text not in map(str, choices):
            raise ValueError(f"it must be one of {', '.join(map(str, choices))}")
        return int(text)

    return cast


def word_of(*words: str) -> Callable[[str], str]:
    def cast(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"it must be {' or '.join(words)}")
        return text.lower()

    return cast


def switch(text: str) -> bool:
    """'True' or 'no', as people write them."""
    if text.lower() not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise ValueError("it must be True or False")
    return text.lower() in ("true", "yes", "on", "1")


def size(text: str) -> tuple[int, int]:
    """'512x768' or '512' -> (width, height) in px.

    >>> size("512x768")
    (512, 768)
    """
    match = re.fullmatch(r"(\d{1,5})(?:\s*[x×]\s*(\d{1,5}))?", text.lower())
    if not match:
        raise ValueError("it must look like 512x512")
    width, height = int(match[1]), int(match[2] or match[1])
    if any(side % 8 or not 64 <= side <= 2048 for side in (width, height)):
        raise ValueError("each side must be a multiple of 8 from 64 to 2048 px")
    return width, height


def folder(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:
        raise ValueError("there is no such user") from error


def public_url(text: str) -> str:
    """The site's address as browsers write it in `Origin`.

    >>> public_url("https://Pictures.Example.org:443/")
    'https://pictures.example.org'
    """
    parts = urlsplit(text)
    is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise ValueError("it must look like https://pictures.example.org")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


def own_names(node: str) -> set[str]:
    """What this machine is called in its network, with and without .local; macOS says the latter itself."""
    name = node.lower().removesuffix(".local")
    return {"localhost", name, f"{name}.local"} if name else {"localhost"}


def make_folder(name: str, path: Path, *, private: bool = False) -> Path:
    """Make the folder that the variable `name` stands for, and see that it can be written to.

    Raises:
        ImproperlyConfigured: it cannot. (`doctor` looks at folders by itself.)
    """
    try:
        path.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable and not is_examining:
        raise ImproperlyConfigured(
            f"The folder {path} cannot be written to. Give it to the user who starts the site "
            f"(sudo chown -R $USER {path}), or name another folder in {name}."
        )
    return path


def own_key(text: str) -> str:
    """A key that nobody else can know; one out of some documents can be known to everybody."""
    if len(text) < SHORTEST_KEY or len(set(text)) < 8 or text.startswith("django-insecure-"):
        raise ValueError(
            f"it must be {SHORTEST_KEY} characters of chance or more, such as `openssl rand -base64 48` prints. "
            "Left out, one is made"
        )
    return text


def secret_key(path: Path) -> str:
    """The key kept in `path`; made, readable by its owner only, when it is not there yet.

    Raises:
        ImproperlyConfigured: it can neither be read nor made.
    """
    try:
        return _kept_key(path)
    except OSError as error:
        _refuse(f"The key in {path} can neither be read nor made: {error.strerror}. Is it another user's?", error)
        return ""


def _kept_key(path: Path) -> str:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    if not path.exists():
        part.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        part.write_text(secrets.token_urlsafe(50))
        try:
            with suppress(FileExistsError):  # two processes that start at once agree on the first one's key
                path.hardlink_to(part)
        except OSError:  # a file system without hard links
            part.replace(path)
        part.unlink(missing_ok=True)
    return path.read_text().strip()


def time_zone() -> str:
    """This machine's zone by name ("Europe/Berlin"); UTC where it does not tell."""
    link = str(Path("/etc/localtime").resolve())
    for name in (os.environ.get("TZ", "").strip(":"), link.partition("zoneinfo/")[2]):
        with suppress(KeyError, ValueError, OSError):  # TZ may also be a path or a rule such as EST5EDT,M3.2.0
            return ZoneInfo(name).key
    return "UTC"
