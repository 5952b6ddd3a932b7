"""The addresses of tests/url_table.py, sent to a real web server with nothing widened.

Run by test_url_table in `unshare --net --mount`: a network without a way out, in which this machine has public and
private addresses with a picture at each, and a name server of its own. Prints what came of each row, as JSON.
"""

import contextlib
import html
import http.client
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from tests.names import Names
from tests.site import ROOT, Site
from tests.url_table import NAMES, OPEN_PORTS, PAGES, PRIVATE, PRIVATE_6, PUBLIC, PUBLIC_6, ROWS
from tests.web import Web, certificate

FILES = {
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
"""By which the system finds names. Nobody else sees these."""


def use_own_names(folder: Path) -> None:
    for place, content in FILES.items():
        own = folder / Path(place).name
        own.write_text(content)
        if Path(place).exists():
            subprocess.run(["mount", "--bind", str(own), place], check=True)


def bring_up() -> list[str]:
    """The addresses besides the loopback that this machine has now; those of IPv6 where there is such a thing."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def has(ip: str) -> bool:
        command = ["ip", "addr", "add", f"{ip}/{128 if ':' in ip else 32}", "dev", "lo"]
        return subprocess.run(command, capture_output=True).returncode == 0

    return [ip for ip in (PUBLIC, *PRIVATE, PUBLIC_6, *PRIVATE_6) if has(ip)]


def answers(ip: str) -> bool:
    """Whether a picture lies at the address, for whoever asks without care."""
    connection = http.client.HTTPConnection(ip, 80, timeout=5)
    try:
        connection.request("GET", "/a.png")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Asking:
    def __init__(self, site: Site, webs: list[Web], names: Names) -> None:
        self.site, self.webs, self.names = site, webs, names
        self.reached: set[str] = set()
        """Every address that anything connected to, from the first row on."""

    def forget(self) -> set[str]:
        reached = {ip for web in self.webs for ip in web.reached}
        for web in self.webs:
            web.reached.clear()
        self.names.asked.clear()
        return reached

    def ask(self, address: str) -> dict[str, Any]:
        """What the advanced page makes of it."""
        began = time.monotonic()
        status, content, headers = self.site.post("/advanced/", prompt="a fox", source_url=address)
        seconds, asked = time.monotonic() - began, list(self.names.asked)
        reached = self.forget()
        self.reached |= reached
        told = re.search(r'id="source-url-errors">(.*?)</p>', content.decode())
        return {
            "status": status,
            "words": html.unescape(told[1]) if told else "",
            "seconds": seconds,
            "asked": asked,
            "reached": sorted(reached),
            "shows": self.shown(headers["Location"]) if status == 302 else [],
        }

    def shown(self, job: str) -> list[Any]:
        """The colours left and right of the middle of what is kept of the source."""
        file = self.site.data / "library" / job.strip("/").rpartition("/")[2] / "00-original.png"
        with Image.open(file) as kept:
            return [kept.getpixel((kept.width * place // 4, kept.height // 2)) for place in (1, 3)]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        use_own_names(folder)
        here = bring_up()
        tls, _ = certificate(folder, "public.example")
        names = stack.enter_context(Names(NAMES))
        families = ("0.0.0.0", "::") if PUBLIC_6 in here else ("0.0.0.0",)
        webs = [Web(PAGES, host, port) for host in families for port in OPEN_PORTS] + [Web(PAGES, PUBLIC, 443, tls)]
        for web in webs:
            stack.enter_context(web)
        site = Site(folder / "data", SSL_CERT_FILE=str(folder / "own.pem")).start_web_server()
        stack.callback(site.stop)
        asking = Asking(site, webs, names)
        careless = [ip for ip in here if answers(ip)]
        asking.forget()
        rows = {row: asking.ask(ROWS[row].address) for row in ROWS}
        time.sleep(0.5)  # whatever is still on its way
        written = [path.name for path in (*ROOT.iterdir(), *site.data.rglob("*")) if path.name == "server.py"]
        reached = sorted(asking.reached | asking.forget())
        print(json.dumps({"here": here, "careless": careless, "rows": rows, "written": written, "reached": reached}))


if __name__ == "__main__":
    main()
