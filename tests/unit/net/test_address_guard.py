import ipaddress
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.net.address_guard import RefusedUrl, check_url, is_public


def allows(url: str, *, allow_private: bool) -> bool:
    with suppress(RefusedUrl):
        check_url(url, allow_private=allow_private)
        return True
    return False


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/hook?token=%20a#part",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/hook",
        "https://xn--bcher-kva.example/",
    ],
)
def test_a_public_url_may_be_called(url: str) -> None:
    assert allows(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://@example.com/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com:port/",
        "https://[::1/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://bücher.example/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_anything_but_a_plain_web_url_is_always_refused(url: str) -> None:
    with pytest.raises(RefusedUrl):
        check_url(url, allow_private=True)


LOCAL = [
    "http://localhost/",
    "http://LOCALHOST./",
    "http://api.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1:8080/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00::1]/",
    "http://[ff02::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
]


@pytest.mark.parametrize("url", LOCAL)
def test_a_url_into_our_own_network_is_refused(url: str) -> None:
    with pytest.raises(RefusedUrl):
        check_url(url, allow_private=False)


def test_private_urls_are_taken_where_the_setting_allows_them() -> None:
    for url in ("http://127.0.0.1:9000/hook", "http://localhost:9000/hook"):
        assert allows(url, allow_private=True)
        assert not allows(url, allow_private=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("::ffff:8.8.8.8", True), ("64:ff9b::808:808", True), ("10.0.0.1", False)],
)
def test_an_address_is_judged_by_where_its_packets_end_up(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


SPECIAL = [
    "192.0.0.9",  # globally reachable by IANA, and yet no place for a webhook
    "192.0.0.192",
    "100.100.100.200",
    "168.63.129.16",
    "198.18.0.1",
    "203.0.113.7",
    "64:ff9b:1::7f00:1",
    "fec0::1",
    "::7f00:1",
    "::808:808",
    "::ffff:0:7f00:1",
    "5f00::1",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "fd00:ec2::254",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
]


@pytest.mark.parametrize("address", SPECIAL)
def test_special_purpose_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assume(not (address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")))
    assume(address.is_private or address.is_reserved or address.is_multicast)
    mapped = getattr(address, "ipv4_mapped", None)
    assume(mapped is None)
    assert not is_public(address)
