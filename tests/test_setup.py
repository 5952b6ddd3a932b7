"""The way from a fresh clone to a .venv: set-up.sh really run, with a small wheel in the place of torch."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = "torch==2.13.0\nsmall==1.0\n"
HAS_DRIVER = bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists()


def write_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"__version__ = '{version}'\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Only the wheels in `home`, and no network: the proxy refuses."""
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(home),  # a killed pip leaves its own there
        "PYTHON": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": (home / "wheels").as_uri(),
        "https_proxy": "http://127.0.0.1:9",
        **more,
    }


def set_up(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(home / "set-up.sh")]
    env = environment(home, **more)
    return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def version_of(home: Path, package: str) -> str:
    command = [home / ".venv/bin/python", "-c", f"import {package}; print({package}.__version__)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_clone(folder: Path) -> Path:
    home = folder / "a clone"
    (home / "wheels").mkdir(parents=True)
    shutil.copy(ROOT / "set-up.sh", home)
    (home / "requirements.txt").write_text(REQUIREMENTS)
    for name, version in [("torch", "2.13.0"), ("torch", "2.14.0"), ("small", "1.0"), ("small", "2.0")]:
        write_wheel(home / "wheels", name, version)
    return home


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_clone(tmp_path)


@pytest.fixture(scope="module")
def done_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_clone(tmp_path_factory.mktemp("set-up"))
    done = set_up(home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Installing (about 1 GB")
    return home


@pytest.fixture
def installed(done_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(done_once, tmp_path / "installed", symlinks=True)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def test_a_fresh_clone_gets_what_is_pinned(installed: Path) -> None:
    assert version_of(installed, "torch") == "2.13.0"
    assert version_of(installed, "small") == "1.0"


def test_a_second_time_needs_no_network_no_pip_and_no_second(installed: Path) -> None:
    shutil.rmtree(installed / "wheels")
    shutil.rmtree(next(installed.glob(".venv/lib/python*/site-packages/pip/_internal")))
    start = time.monotonic()
    again = set_up(installed, PYTHON="/nowhere/python3")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert time.monotonic() - start < 1


def test_a_changed_pin_is_installed_even_when_its_file_is_old(installed: Path) -> None:
    requirements = installed / "requirements.txt"
    requirements.write_text(REQUIREMENTS.replace("1.0", "2.0"))
    os.utime(requirements, (0, 0))
    assert set_up(installed).returncode == 0
    assert version_of(installed, "small") == "2.0"


def test_an_installation_that_was_killed_is_made_anew(clone: Path, listener: socket.socket) -> None:
    index = f"http://127.0.0.1:{listener.getsockname()[1]}/simple"
    env = environment(clone, PIP_INDEX_URL=index) | {"PIP_NO_INDEX": "0"}
    with subprocess.Popen(["sh", "set-up.sh"], cwd=clone, env=env, start_new_session=True) as running:
        listener.accept()  # pip asks for torch
        os.killpg(running.pid, signal.SIGKILL)
    again = set_up(clone)
    assert again.stdout.startswith("The .venv here is unfinished")
    assert (again.returncode, version_of(clone, "small")) == (0, "1.0")


def test_an_activated_venv_can_be_made_anew(installed: Path) -> None:
    (installed / ".venv/installing").touch()
    path = f"{installed / '.venv/bin'}:{os.environ['PATH']}"
    assert set_up(installed, PATH=path, PYTHON="").returncode == 0
    assert version_of(installed, "small") == "1.0"


def test_a_venv_whose_python_is_gone_is_made_anew(installed: Path) -> None:
    python = installed / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    again = set_up(installed)
    assert "its Python is gone: making it anew." in again.stdout
    assert (again.returncode, version_of(installed, "small")) == (0, "1.0")


def test_an_installation_without_network_is_taken_up_again(installed: Path) -> None:
    (installed / "requirements.txt").write_text(REQUIREMENTS.replace("1.0", "2.0"))
    failed = set_up(installed, PIP_FIND_LINKS="")
    assert failed.returncode == 1
    assert failed.stderr.endswith("The installation did not finish; the same command takes it up again.\n")
    again = set_up(installed)
    assert (again.returncode, again.stdout.count("\n")) == (0, 1)  # nothing is made anew
    assert version_of(installed, "small") == "2.0"


def test_without_the_venv_module_one_sentence_says_what_to_do(clone: Path) -> None:
    (clone / "ensurepip.py").write_text("raise ModuleNotFoundError")
    failed = set_up(clone, PYTHONPATH=str(clone))
    sentence = "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv\n"
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", sentence)


@pytest.mark.parametrize("version", ["(3, 10, 12)", "(3, 15, 0)"])
def test_another_python_is_refused_with_one_sentence(clone: Path, version: str) -> None:
    python = clone / "other-python"
    pretend = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{pretend}" "$2"\n')
    python.chmod(0o755)
    failed = set_up(clone, PYTHON=str(python))
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (1, "", 1)
    assert failed.stderr.startswith("Python 3.11 to 3.14 is needed")


@pytest.mark.skipif(sys.platform != "linux" or HAS_DRIVER, reason="for Linux without an NVIDIA driver")
@pytest.mark.parametrize("driver", [False, True])
def test_pytorchs_cpu_index_is_asked_only_without_a_driver(
    installed: Path, listener: socket.socket, driver: bool
) -> None:
    (installed / ".venv/installed").unlink()
    tools = installed / "tools"
    tools.mkdir()
    if driver:
        (tools / "nvidia-smi").write_text("#!/bin/sh\n")
        (tools / "nvidia-smi").chmod(0o755)
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    start = time.monotonic()
    assert set_up(installed, https_proxy=proxy, PATH=f"{tools}:{os.environ['PATH']}").returncode == 0
    assert time.monotonic() - start < 15  # it never answers, and is not waited for

    listener.setblocking(False)
    if driver:
        with pytest.raises(BlockingIOError):
            listener.accept()
    else:
        assert listener.accept()[0].recv(100).startswith(b"CONNECT download.pytorch.org:443")


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_alone_lists_what_can_be_made() -> None:
    listed = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    for target in ["run", "admin", "test", "lint", "format"]:
        assert re.search(rf"^make {target}  +\w", listed, re.MULTILINE)


def pins(name: str) -> dict[str, Requirement]:
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-r ")]
    return {canonicalize_name(pin.name): pin for pin in found}


@pytest.fixture(params=["requirements.txt", "requirements-dev.txt"])
def pinned(request: pytest.FixtureRequest) -> dict[str, Requirement]:
    return pins(request.param)


def test_every_requirement_is_pinned(pinned: dict[str, Requirement]) -> None:
    loose = [str(pin) for pin in pinned.values() if not re.fullmatch(r"==[\w.]+", str(pin.specifier))]
    assert loose == []


def test_torch_is_exact_and_brings_no_companions() -> None:
    both = pins("requirements.txt") | pins("requirements-dev.txt")
    assert str(both["torch"]) == "torch==2.13.0"
    assert [name for name in both if re.match("torchvision|torchaudio|nvidia|cuda|triton", name)] == []


def test_torchvision_is_not_here() -> None:
    assert importlib.util.find_spec("torchvision") is None


@pytest.mark.parametrize(
    ("ranges", "name"),
    [
        (PROJECT["dependencies"], "requirements.txt"),
        (PROJECT["optional-dependencies"]["dev"], "requirements-dev.txt"),
    ],
)
def test_the_pins_lie_in_the_ranges_of_pyproject(ranges: list[str], name: str) -> None:
    for wanted in map(Requirement, ranges):
        pin = pins(name)[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(str(pin.specifier).removeprefix("==")), f"{wanted} and {pin}"


def test_what_the_pinned_packages_need_is_pinned_too() -> None:
    pinned = pins("requirements.txt") | pins("requirements-dev.txt")
    for name in pinned:
        if name == "torch":  # its CUDA libraries come with the build that needs them
            continue
        for need in map(Requirement, importlib.metadata.requires(name) or []):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in pinned, f"{name} needs {need}"
