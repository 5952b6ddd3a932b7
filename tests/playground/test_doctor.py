"""`manage.py doctor`, with every fault provoked for real."""

import os
import re
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from playground.management.commands.doctor import CHECKS
from tests.mounts import needs_mounts, on_a_small_disk
from tests.site import ROOT, Site, free_port, is_alive, until

MakeSite = Callable[..., Site]


def examined(site: Site, *checks: str, code: int = 0) -> str:
    """What the doctor says, level and subject apart by one space."""
    done = site.command("doctor", *checks)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return re.sub(" +", " ", done.stdout)


def test_a_fresh_installation_is_well_and_nothing_is_made_by_looking(new_site: MakeSite) -> None:
    site = new_site(PLAYGROUND_MODEL="")
    said = examined(site)
    assert {line.split()[1] for line in said.splitlines()} == set(CHECKS)
    assert "wrong" not in said
    assert re.search(r"warn database SQLite's .*db.sqlite3 .*is yet to be made; the first start does it", said)
    assert "ok model The demo model is used" in said
    assert re.search(r"ok device Pictures are made on \w+ in (float|bfloat)(16|32)", said)
    assert re.search(r"ok folders PLAYGROUND_LIBRARY: .*library \(\w+, [\d.]+ GiB free\) can be written to", said)
    assert not (site.data / "db.sqlite3").exists()
    assert [path for path in site.data.rglob("*") if "doctor" in path.name] == []


def test_a_running_site_is_well_until_its_worker_is_paused_or_gone(new_site: MakeSite) -> None:
    site = new_site().start().wait_ready()
    said = examined(site)
    assert re.search(r"ok worker \S+ on cpu: Ready\. Its model: tiny random model\.", said)
    assert f"ok port The site answers at {site.url}/." in said
    assert re.search(r"ok database SQLite's .* answers and is prepared", said)

    site.command("pause", "the card is needed")
    assert "warn worker" in (paused := examined(site, "worker"))
    assert "Paused: the card is needed `manage.py resume` lets it go on." in paused

    site.stop()
    said = examined(site, "worker", "port", code=1)
    assert "wrong worker No worker is running." in said
    assert "make run" in said
    assert f"ok port Port {site.port} of 127.0.0.1 is free" in said


def test_a_worker_that_died_without_a_word_is_named_with_the_time(new_site: MakeSite) -> None:
    site = new_site().start().wait_ready()
    worker = site.worker_pid()
    os.killpg(site.process.pid, signal.SIGKILL)  # the rest of them ends with it
    until(lambda: not is_alive(worker))
    with site.database() as connection:
        connection.execute("UPDATE generation_worker SET seen = datetime('now', '-1 hour')")
        connection.commit()
    said = examined(site, "worker", code=1)
    assert re.search(r"wrong worker No worker is running.* cpu \(\d+\) was last heard of at \d\d:\d\d on \d", said)


def test_a_model_that_cannot_be_used_is_told_by_worker_and_model(new_site: MakeSite, tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no model at all")
    os.utime(broken, (0, 0))
    site = new_site(PLAYGROUND_MODEL=str(broken)).start()
    until(lambda: site.health().get("worker") == "failed", log=site.log)
    assert re.search(r"wrong worker .*broken cannot be loaded.* Put a model", examined(site, "worker", code=1))
    site.stop()

    nowhere = new_site(PLAYGROUND_MODEL="/nowhere/model")
    assert "wrong model PLAYGROUND_MODEL names /nowhere/model" in examined(nowhere, "model", code=1)

    unfinished = new_site(PLAYGROUND_MODEL="")
    (unfinished.data / "models").mkdir(parents=True)
    (unfinished.data / "models" / "new.safetensors").write_bytes(b"the first bytes")
    assert "warn model new is still being copied" in examined(unfinished, "model").replace("new.safetensors", "new")


def test_every_wrong_variable_is_named_at_once_and_the_rest_is_still_examined(new_site: MakeSite) -> None:
    site = new_site(PLAYGROUND_SIZE="100x100", PLAYGROUND_STEPS="many", SECRET_KEY_FILE="/nowhere/key")
    said = examined(site, code=1)
    assert "wrong settings PLAYGROUND_SIZE=100x100 is not right: each side must be" in said
    assert "wrong settings PLAYGROUND_STEPS=many is not right" in said
    assert "wrong settings SECRET_KEY_FILE=/nowhere/key cannot be read: No such file or directory." in said
    assert {line.split()[1] for line in said.splitlines()} == set(CHECKS)


def test_names_that_nothing_heeds_are_told_with_the_one_that_is_meant(new_site: MakeSite) -> None:
    site = new_site(PLAYGROUND_MODLE="x", PLAYGROUND_ZZZ="x", DATABSE_URL="x", TEST_DATABASE_URL="", MY_PORT="1")
    said = examined(site, "settings")
    assert "warn settings PLAYGROUND_MODLE is no setting, so nothing heeds it. Is PLAYGROUND_MODEL meant?" in said
    assert "warn settings PLAYGROUND_ZZZ is no setting, so nothing heeds it. README.md lists them all." in said
    assert "DATABSE_URL is no setting, so nothing heeds it. Is DATABASE_URL meant?" in said
    assert len(said.splitlines()) == 3, "what is none of our business is left alone"


def test_a_folder_that_cannot_be_written_to_is_told_with_what_to_do(new_site: MakeSite, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    library = tmp_path / "file" / "library"
    said = examined(new_site(PLAYGROUND_LIBRARY=str(library)), "folders", "settings", code=1)
    assert f"wrong folders PLAYGROUND_LIBRARY: the folder {library} cannot be written to (Not a directory)." in said
    assert f"sudo chown -R $USER {library}" in said
    assert said.count("wrong") == 1


def examined_on(options: str, site: Site) -> str:
    """What the doctor says of the folders when the library lies on a small disk."""
    command = [sys.executable, "manage.py", "doctor", "folders"]
    done = on_a_small_disk(site.data / "library", options, command, cwd=ROOT, env=site.environment)
    assert done.returncode == 1, done.stdout + done.stderr
    return re.sub(" +", " ", done.stdout)


@needs_mounts
def test_a_full_and_a_read_only_disk_are_told_apart(new_site: MakeSite) -> None:
    full = examined_on("size=1m", new_site())
    assert re.search(r"wrong folders PLAYGROUND_LIBRARY: the disk is full under .*\(tmpfs, 0.0 GiB free\)", full)
    assert "manage.py prune --all" in full
    sealed = examined_on("ro", new_site())
    assert re.search(r"wrong folders PLAYGROUND_LIBRARY: .* cannot be written to \(Read-only file system\)", sealed)


def test_a_key_that_cannot_be_made_is_a_sentence(new_site: MakeSite) -> None:
    site = new_site()
    (site.data / "secret_key").mkdir(parents=True)
    assert "wrong settings The key in" in examined(site, "settings", code=1)
    refused = site.command("check")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The key in ")


def test_a_database_that_is_none_damaged_or_unprepared(new_site: MakeSite) -> None:
    site = new_site()
    site.data.mkdir(parents=True)
    file = site.data / "db.sqlite3"
    file.write_bytes(b"this is no database" * 1000)
    assert "file is not a database" in (said := examined(site, "database", "worker", code=1))
    assert "wrong worker Nothing can be said" in said

    file.unlink()
    sqlite3.connect(file).close()
    file.touch()
    assert re.search(r"wrong database .* lacks \d+ steps .*manage.py migrate", examined(site, "database", code=1))

    assert site.command("migrate").returncode == 0
    assert "answers and is prepared" in examined(site, "database")
    pages = bytearray(file.read_bytes())
    pages[4096 * 5 : 4096 * 9] = os.urandom(4096 * 4)
    file.write_bytes(pages)
    assert re.search(r"wrong database .*(is damaged|malformed)", examined(site, "database", code=1))


SECRETS = ("topsecret1", "topsecret2", "topsecret3", "top/secret4")


def test_servers_that_do_not_answer_are_told_and_no_secret_is(new_site: MakeSite) -> None:
    site = new_site(
        DATABASE_URL=f"postgres://me:{SECRETS[0]}@127.0.0.1:{free_port()}/pictures",
        REDIS_URL=f"redis://:{SECRETS[1]}@127.0.0.1:{free_port()}",
        SECRET_KEY=SECRETS[2] * 4,
    )
    said = examined(site, code=1)
    assert "wrong database PostgreSQL's database pictures at 127.0.0.1:" in said
    assert "Connection refused. Start that server, or correct DATABASE_URL." in said
    assert "wrong redis Redis does not answer" in said
    assert "wrong worker Nothing can be said of the worker while the database does not answer" in said
    assert {line.split()[1] for line in said.splitlines()} == set(CHECKS), "everything else is still examined"

    wrong = new_site(DATABASE_URL=f"postgres://me:{SECRETS[3]}@host/pictures", REDIS_URL=f"redis://:{SECRETS[3]}@host")
    done = wrong.command("doctor", "settings", "redis", "database")
    assert "DATABASE_URL=postgres://…@host/pictures is not right" in done.stdout
    assert "Which one is meant cannot be told while DATABASE_URL is not right." in done.stdout
    assert "REDIS_URL is not right: it must look like" in done.stdout
    assert not [secret for secret in (*SECRETS, "top", "secret4") if secret in said + done.stdout + done.stderr]


def test_servers_that_answer_are_well(new_site: MakeSite, postgresql: str, redis: str) -> None:
    site = new_site(DATABASE_URL=postgresql, REDIS_URL=redis)
    assert site.command("migrate").returncode == 0
    said = examined(site, "database", "redis")
    assert "ok database PostgreSQL's database postgres at " in said
    assert "ok redis Redis answers." in said


def test_a_port_that_another_program_holds(new_site: MakeSite) -> None:
    site = new_site()
    with socket.create_server(("127.0.0.1", site.port)):
        said = examined(site, "port", code=1)
    assert f"wrong port Port {site.port} of 127.0.0.1 cannot be used" in said
    assert f"PORT={site.port + 1} make run" in said


def test_a_device_that_is_not_there_one_that_is_not_used_and_a_torch_that_is_broken(
    new_site: MakeSite, tmp_path: Path
) -> None:
    missing = examined(new_site(PLAYGROUND_DEVICE="cuda:9"), "device", code=1)
    assert "wrong device PLAYGROUND_DEVICE=cuda:9 cannot be used here" in missing

    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\n")
    driver.chmod(0o755)
    unused = examined(new_site(PATH=f"{tmp_path}:{os.environ['PATH']}"), "device")
    assert "warn device There is an NVIDIA driver" in unused

    (tmp_path / "torch.py").write_text("raise ImportError('libtorch.so is missing')")
    broken = examined(new_site(PYTHONPATH=str(tmp_path)), "device", code=1)
    assert "wrong device PyTorch cannot be used (libtorch.so is missing). Install anew: rm -r .venv; make run" in broken


def test_its_help_lists_every_check_and_another_name_is_refused(new_site: MakeSite) -> None:
    site = new_site()
    said = site.command("doctor", "--help").stdout
    assert all(re.search(rf"^  {name} +\w", said, re.MULTILINE) for name in CHECKS)
    assert "docker compose exec worker python manage.py doctor" in said
    refused = site.command("doctor", "weather")
    assert refused.returncode == 1
    assert "There is no check weather. There are: settings, folders" in refused.stderr
