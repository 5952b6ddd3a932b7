"""The container files, by the tools that know them, and whatever of them can run without an engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.apps import apps

from tests.site import NOTHING_SET, ROOT

BIN = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
THREE = {f"${{PLAYGROUND_{name.upper()}:-./data/{name}}}": f"/{name}" for name in ("library", "models", "cache")}
"""The operator's folders, by where they lie on the machine."""
OURS, SERVERS = ("init", "web", "worker"), ("postgres", "redis")


def without_reset(name: str) -> str:
    """The file less compose's own tag, which takes away what the other file says."""
    return (ROOT / name).read_text().replace("!reset ", "")


@pytest.mark.parametrize("name", ["docker-compose.yml", "docker-compose.cpu.yml"])
def test_compose_files_say_what_such_files_may_say(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(without_reset(name))
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / name]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dockerfile_has_no_fault_that_the_linter_knows() -> None:
    linted = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_seed_7_only_the_web_server_is_published_and_to_this_machine_only_unless_it_is_told() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["${PLAYGROUND_LISTEN:-127.0.0.1}:${PORT:-8000}:8000"]}
    assert "network_mode: host" not in COMPOSE.read_text()


def test_the_parts_are_one_image_built_once() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {"playground"}
    assert [name for name, service in SERVICES.items() if "build" in service] == ["init"]
    assert SERVICES["web"]["command"] == ["python", "manage.py", "web"]
    assert SERVICES["worker"]["command"] == ["python", "manage.py", "worker"]


def test_nobody_who_can_be_reached_is_root() -> None:
    assert re.search(r"^USER 1000:1000$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for name in ("web", "worker", "redis"):
        service = SERVICES[name]
        assert service["user"] == "${PUID:-1000}:${PGID:-1000}", name
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
    assert SERVICES["init"]["network_mode"] == "none"


def test_what_stays_up_is_restarted_has_time_to_stop_and_says_how_it_is() -> None:
    for name in (*OURS[1:], *SERVERS):
        service = SERVICES[name]
        assert service["restart"] == "unless-stopped", name
        assert service["stop_grace_period"] == "30s", name
        assert service["healthcheck"]["test"], name
        assert service["depends_on"]["init"]["condition"] == "service_completed_successfully", name
    assert "restart" not in SERVICES["init"]


def test_the_card_is_the_workers_and_the_other_file_takes_it_away() -> None:
    [card] = SERVICES["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert (card["driver"], card["capabilities"]) == ("nvidia", ["gpu"])
    assert "deploy" not in SERVICES["web"]
    cpu = yaml.safe_load(without_reset("docker-compose.cpu.yml"))["services"]
    assert cpu["worker"] == {"deploy": None}
    assert "deploy: !reset null" in (ROOT / "docker-compose.cpu.yml").read_text()
    assert cpu["init"]["build"]["args"]["TORCH_INDEX"].endswith("/whl/cpu")
    assert "ARG TORCH_INDEX" in (ROOT / "Dockerfile").read_text()


def test_three_folders_are_the_operators_and_all_else_is_a_named_volume() -> None:
    named = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    for name, service in SERVICES.items():
        binds = {mount["source"]: mount["target"] for mount in service["volumes"] if isinstance(mount, dict)}
        volumes = {mount.partition(":")[0] for mount in service["volumes"] if isinstance(mount, str)}
        assert volumes <= named, name
        assert binds == ({} if name in SERVERS else THREE), name


def test_what_the_container_sees_stands_over_what_env_says_for_the_machine() -> None:
    for name in ("web", "worker"):
        assert SERVICES[name]["env_file"] == [{"path": ".env", "required": False}]
        seen = SERVICES[name]["environment"]
        assert (seen["PORT"], seen["PLAYGROUND_LISTEN"], seen["PLAYGROUND_LIBRARY"]) == (8000, "0.0.0.0", "/library")


def test_no_password_stands_in_a_file_of_the_project() -> None:
    for path in (COMPOSE, ROOT / "docker-compose.cpu.yml", ROOT / ".env.example", ROOT / "Dockerfile"):
        assert re.findall(r"(?i)(?:password|secret_key|requirepass)\s*[:=][ \t]*[^\s/$]", path.read_text()) == [], (
            path.name
        )


# What lies in the image


def context(folder: Path) -> Path:
    """What the engine would be sent, by the rules of .dockerignore that are used here."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*", "only what is named is sent"
    assert rules[-1] == "**/__pycache__"
    for name in (rule.removeprefix("!") for rule in rules[1:-1]):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def test_what_is_sent_to_the_engine_is_a_whole_site_and_nothing_private(tmp_path: Path) -> None:
    site = context(tmp_path)
    assert not {".env", "data", ".git", ".venv", "tests"} & {path.name for path in site.iterdir()}
    environment = {**os.environ, **NOTHING_SET, "PLAYGROUND_DATA": str(tmp_path / "kept")}
    environment.pop("DJANGO_SETTINGS_MODULE")
    for command in (["check"], ["migrate", "--verbosity", "0"], ["collectstatic", "--verbosity", "0", "--noinput"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=site, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_every_app_of_the_site_gets_into_the_image() -> None:
    let_in = (ROOT / ".dockerignore").read_text().split()
    ours = {app.name for app in apps.get_app_configs() if (ROOT / app.name).is_dir()}
    assert {"people", "library"} <= ours
    assert {f"!{name}" for name in ours} <= set(let_in)
