import pytest

from generation.addresses import is_allowed, is_public, parse, resolve

PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
    169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
    192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    168.63.129.16
    :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8
    64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::808:808 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1
    2001:20::1 2001:2::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254
    fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 2606:4700::5efe:a00:1 2606:4700::200:5efe:a00:1 2606:4700:4700::1111%lo
"""

PUBLIC = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.32.0.1 192.167.0.1 2606:4700:4700::1111 2a00:1450:4001::1"


@pytest.mark.parametrize("ip", PRIVATE.split())
def test_what_not_everybody_can_reach_is_not_public(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", PUBLIC.split())
def test_what_everybody_can_reach_is_public(ip: str) -> None:
    assert is_public(ip)


@pytest.mark.parametrize("text", ["", "example.org", "127.1", "2130706433", "0x7f.1", "8.8.8.8/32", "[::1]"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize("port", [22, 25, 0, 8000, 8080, 6379])
def test_other_ports_than_those_of_the_web_are_not_for_fetching(port: int) -> None:
    assert is_allowed("8.8.8.8", 80)
    assert is_allowed("8.8.8.8", 443)
    assert not is_allowed("8.8.8.8", port)


@pytest.mark.parametrize("name", ["2130706433", "0x7f.1", "127.1", "0", "017700000001", "localhost"])
def test_whatever_the_resolver_makes_of_odd_numbers_is_checked(name: str) -> None:
    """They do not get this far; if they did, the address that came out would be looked at."""
    try:
        found = resolve(name)
    except OSError:
        return  # a resolver that takes no such numbers
    assert found
    assert not any(is_public(ip) for ip in found)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.org", "http://example.org/"),
        ("  HTTPS://Example.ORG.:443/A.png?x=1&y=%20#part ", "https://example.org/A.png?x=1&y=%20"),
        ("http://example.org:443/a.png", "http://example.org:443/a.png"),
        ("http://bücher.example/ä b.png", "http://xn--bcher-kva.example/%C3%A4%20b.png"),
        ("http://[2606:4700:4700:0::1111]:80/", "http://[2606:4700:4700::1111]/"),
        ("http://127.0.0.1#@example.org", "http://127.0.0.1/"),
        ("http://127。0．0｡1/", "http://127.0.0.1/"),
        ("http://①②⑦.0.0.1/", "http://127.0.0.1/"),
        ("http://example.org/?next=http://a@b\u2028c", "http://example.org/?next=http://a@b%E2%80%A8c"),
    ],
)
def test_an_address_is_taken_apart_once(text: str, url: str) -> None:
    assert parse(text).url == url
    assert parse(url).url == url


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "example.org/a.png", "//example.org/a.png", "/a.png", "http://", "http:///a.png", "http:a.png"),
        *("file:///etc/passwd", "gopher://example.org/", "ftp://example.org/a.png", "data:image/png;base64,AAAA"),
        *("javascript:1", "http://good@127.0.0.1", "http://a:b@example.org/", "http://@example.org/"),
        *("http://good\\@127.0.0.1", "http://example.org\\.evil.org/", "http://exa\tmple.org/", "http://a\r\nHost: b/"),
        *("http://example.org/\x00a.png", "http://exa mple.org/", "http://127.0.0.%31/", "http://example.org:x/"),
        *("http://example.org:99999/", "http://example.org:-80/", "http://2130706433/", "http://0x7f.1/", "http://127.1/"),
        *("http://0x7f000001/", "http://0177.0.0.1/", "http://127.0.0.1.1/", "http://017700000001/", "http://0/"),
        *("http://[::1", "http://[::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[v1.example]/"),
        *("http://a..example.org/", "http://.example.org/", f"http://{'a' * 64}.org/"),
        *(f"http://example.org/{'a' * 2000}", f"http://{'a.' * 200}org/", "http://[::1]x:80/", "http://a／b.example/", "http://[::ffff:127.0.0.1].example/"),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_is_not_of_the_web_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse(text)


def test_a_host_that_is_an_address_is_known_as_one() -> None:
    assert parse("http://8.8.8.8/").is_literal
    assert parse("http://[::1]/").is_literal
    assert not parse("http://8.example/").is_literal
