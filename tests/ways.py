"""Ways for a fetch that lead to a test's own servers."""

from collections.abc import Callable

import pytest

from generation.addresses import is_allowed
from generation.fetching import NoPicture, Way, fetch
from tests.web import Web


def way_to(*webs: Web, seconds: float = 5, size: int = 2**20, resolve: Callable[[str], list[str]] | None = None) -> Way:
    """The way that visitors have, wider by those servers' own ports and by nothing else."""
    open_ports = [("127.0.0.1", web.port) for web in webs]

    def allowed(ip: str, port: int) -> bool:
        return is_allowed(ip, port) or (ip, port) in open_ports

    return Way(seconds, size, allowed, resolve or (lambda host: ["127.0.0.1"]))


def refusal(address: str, way: Way) -> str:
    with pytest.raises(NoPicture) as caught:
        fetch(address, way)
    return str(caught.value)
