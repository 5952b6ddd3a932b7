"""The first container to run: writes the secrets once and gives the folders to the application's user.

python init.py SECRETS FOLDER... as root, with PUID and PGID in the environment; standard library only.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

HELP = {
    "/library": "PLAYGROUND_LIBRARY",
    "/models": "PLAYGROUND_MODELS",
    "/cache": "PLAYGROUND_CACHE",
}
NOT_OURS = {"etc", "usr", "home", "Users", "Windows", ".ssh", ".profile", ".bashrc"}
"""A folder with one of these in it is a whole system or somebody's home, named by mistake."""


def main(folder: str, *folders: str) -> None:
    user, group = (_number(name) for name in ("PUID", "PGID"))
    for path in map(Path, folders):
        _give(path, user, group)
    _write_secrets(Path(folder), user, group)


def _number(name: str) -> int:
    text = os.environ.get(name, "").strip() or "1000"
    if not text.isdecimal():
        sys.exit(f"{name}={text} is not right: it must be a number, such as `id -u` prints.")
    return int(text)


def _write_secrets(folder: Path, user: int, group: int) -> None:
    """What was written once stays: the database keeps the password that it was made with."""
    database = _keep(folder / "database_password", secrets.token_urlsafe(32))
    redis = _keep(folder / "redis_password", secrets.token_urlsafe(32))
    _keep(folder / "secret_key", secrets.token_urlsafe(50))
    _keep(folder / "database_url", f"postgres://playground:{database}@postgres/playground")
    _keep(folder / "redis_url", f"redis://:{redis}@redis")
    _keep(folder / "redis.conf", f'requirepass {redis}\nsave ""\nmaxmemory 64mb\n')
    for path in (folder, *folder.iterdir()):
        os.chown(path, user, group)
        path.chmod(0o500 if path.is_dir() else 0o400)


def _keep(path: Path, text: str) -> str:
    """Write `text` unless the file is there already; what it holds then. Never half a secret: written, then renamed."""
    if not path.exists():
        part = path.with_name(f".{path.name}.part")
        part.touch(mode=0o600)
        part.write_text(text)
        part.replace(path)
    return path.read_text()


def _give(folder: Path, user: int, group: int) -> None:
    """See to it that `user` can write to `folder`; what can be written to already is left as it is."""
    if _can_write(folder, user, group):
        return
    where = f"that {HELP[str(folder)]} in .env names" if str(folder) in HELP else f"{folder} of the container"
    if found := NOT_OURS & {entry.name for entry in os.scandir(folder)}:
        sys.exit(f"The folder {where} holds {min(found)}, so it is not given away. Name one for this alone.")
    for path in _everything(folder):
        with suppress(OSError):  # a folder of Windows has no owners
            os.chown(path, user, group, follow_symlinks=False)
    if not _can_write(folder, user, group):
        sys.exit(
            f"The folder {where} cannot be written to by user {user}, group {group}. "
            "Give it to them, or set PUID and PGID in .env to its owner (`id -u` and `id -g` print yours)."
        )


def _everything(folder: Path) -> Iterator[str]:
    yield str(folder)
    for parent, folders, files in os.walk(folder):
        yield from (os.path.join(parent, name) for name in (*folders, *files))  # noqa: PTH118


def _can_write(folder: Path, user: int, group: int) -> bool:
    """Whether `user` really can, tried in a process of theirs: rights alone do not tell of a read-only disk."""
    if not (child := os.fork()):
        try:
            _become(user, group)
            probe = folder / f".init-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _become(user: int, group: int) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


if __name__ == "__main__":
    main(*sys.argv[1:])
