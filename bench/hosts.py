"""Hosts of their own on one machine: network namespaces with one cable each to whoever runs this, and names.

Only inside `inside()`: a namespace in which all of this may be done, and of which nobody else sees anything.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVER = "10.77.0.1"
"""Where the hosts find what runs here."""

_MARK = "BENCH_INSIDE"


def inside(module: str) -> None:
    """Run this program again in a network of its own; returns there. Ends with a sentence where that cannot be done."""
    if os.environ.get(_MARK):
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "addr", "add", f"{SERVER}/32", "dev", "lo")
        return
    way = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*way, "ip", "link"], capture_output=True).returncode:
        sys.exit("This needs network namespaces (unshare, ip), which this user of this machine cannot make.")
    command = [*way, sys.executable, "-m", module, *sys.argv[1:]]
    sys.exit(subprocess.run(command, env={**os.environ, _MARK: "yes"}).returncode)


def start(number: int, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[str]:
    """A process on the host of that number (1 to 250), which is made with it and goes with it."""
    waiting = f'hostname host-{number} && read _ && exec "$@"'
    with log.open("a") as out:
        process = subprocess.Popen(
            ["unshare", "--net", "--uts", "sh", "-c", waiting, "sh", *command],
            env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True, start_new_session=True,
        )  # fmt: skip
    here, there, net = f"to-{number}", f"up-{number}", f"10.77.{number}"
    _run("ip", "link", "add", here, "type", "veth", "peer", there)
    while Path(f"/proc/{process.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        os.sched_yield()  # it has not unshared yet
    _run("ip", "link", "set", there, "netns", str(process.pid))
    _run("ip", "addr", "add", f"{net}.1/30", "dev", here)
    _run("ip", "link", "set", here, "up")
    on_the_host = (f"addr add {net}.2/30 dev {there}", f"link set {there} up", f"route add default via {net}.1")
    for words in ("link set lo up", *on_the_host):
        _run("nsenter", "--net", "--target", str(process.pid), "ip", *words.split())
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return process


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
