"""`manage.py run` as a newcomer meets it."""

import os
import re
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from tests.site import Site, descendants, is_alive, until

MakeSite = Callable[..., Site]


def test_it_says_when_it_is_ready_and_ctrl_c_stops_everything(new_site: MakeSite) -> None:
    site = new_site(PLAYGROUND_LISTEN="0.0.0.0").start().wait_ready()
    until(lambda: "for the others in the house" in site.log.read_text())
    said = site.log.read_text()
    assert re.search(r"ready in \d+ s; a picture takes about [\d.e-]+ s here", said)
    assert site.url in said
    processes = descendants(site.process.pid)
    os.killpg(site.process.pid, signal.SIGINT)  # as a terminal does
    assert site.process.wait(10) == 0
    assert not any(map(is_alive, processes))
    assert "Traceback" not in site.log.read_text()


def test_it_says_that_strangers_can_come_in_or_that_nobody_can(new_site: MakeSite) -> None:
    open_site = new_site(PLAYGROUND_PUBLIC_URL="https://pictures.example.org").start().wait_ready()
    until(lambda: "https://pictures.example.org/ for everybody who knows it" in open_site.log.read_text())
    assert "Strangers can come in: whoever finds https://pictures.example.org can make" in open_site.log.read_text()
    open_site.stop()
    shut = {"PLAYGROUND_PUBLIC_URL": "https://pictures.example.org", "PLAYGROUND_LOGIN_REQUIRED": "True"}
    closed_site = new_site(**shut).start().wait_ready()
    until(lambda: "so nobody can come in: make admin" in closed_site.log.read_text())
    assert "https://pictures.example.org/ for everybody with an account" in closed_site.log.read_text()
    assert re.search(r"ready in \d+ s; a picture takes about [\d.e-]+ s here", closed_site.log.read_text())
    assert "Strangers" not in closed_site.log.read_text()


def test_a_busy_port_is_one_sentence_that_says_what_to_do(new_site: MakeSite) -> None:
    site = new_site()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", site.port))
        busy.listen()
        refused = site.command("run")
    assert refused.returncode == 1
    assert f"Port {site.port} of 127.0.0.1 cannot be used" in refused.stderr
    assert f"PORT={site.port + 1} make run" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_an_unwritable_folder_is_one_sentence_that_says_what_to_do(new_site: MakeSite, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    refused = new_site(PLAYGROUND_LIBRARY=str(tmp_path / "file" / "library")).command("run")
    assert refused.returncode == 1
    assert "cannot be written to" in refused.stderr
    assert "PLAYGROUND_LIBRARY" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_safety_catch_without_its_model_is_told_at_the_start_and_by_the_job(new_site: MakeSite) -> None:
    site = new_site(PLAYGROUND_SAFETY_CHECKER="True").start().wait_ready()
    assert "The safety catch is on, but its model is not there" in site.log.read_text()
    refused = site.command("generate", "a fox")
    assert refused.returncode == 1
    assert "into models/safety-checker" in refused.stderr
    assert list((site.data / "library").rglob("*.png")) == []


def test_the_web_process_never_imports_torch_and_stays_small(demo_site: Site) -> None:
    worker = demo_site.worker_pid()
    for path in ("/", "/library/", "/healthz", "/sign-in/"):
        assert demo_site.get(path)[0] == 200
    web = [
        pid for pid in descendants(demo_site.process.pid) if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(web) == 2  # the one that answers, and its parent
    assert worker not in web
    for pid in web:
        assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])  # type: ignore[index]
        assert resident < 150 * 1024


def test_everything_lies_in_the_data_folder(demo_site: Site) -> None:
    kept = {path.name.split("-")[0] for path in demo_site.data.iterdir()}
    assert kept == {"db.sqlite3", "secret_key", "library", "models", "cache", "run"}
    assert oct((demo_site.data / "secret_key").stat().st_mode)[-3:] == "600"
    assert oct((demo_site.data / "run").stat().st_mode)[-3:] == "700"


def test_a_model_in_the_folder_is_taken_up_and_an_unreadable_one_is_named_on_every_page(
    new_site: MakeSite, tiny_model: Path
) -> None:
    site = new_site(PLAYGROUND_MODEL="")
    models = site.data / "models"
    models.mkdir(parents=True)
    (models / "broken.safetensors").write_bytes(b"no model at all")
    os.utime(models / "broken.safetensors", (0, 0))
    page = site.start().wait_ready().get("/library/")[1].decode()
    assert "broken cannot be loaded" in page
    assert "demo model" in page

    shutil.copytree(tiny_model, models / "tiny")
    until(lambda: "tiny random model" in site.get("/library/")[1].decode(), log=site.log)


def test_a_prompt_becomes_pictures_of_what_it_says(demo_site: Site) -> None:
    from PIL import Image

    uuid = demo_site.submit("a red apple on a blue background", num_images=3, seed=7)
    demo_site.wait_for(uuid)
    status, content, headers = demo_site.get(f"/library/{uuid}/01.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    with Image.open(demo_site.data / "library" / uuid / "01.png") as picture:
        red, green, blue = picture.resize((1, 1), box=(0, 0, picture.width, 8)).getpixel((0, 0))  # type: ignore[misc]
    assert blue > red
    assert blue > green
    assert content.startswith(b"\x89PNG")
