"""Behind real proxies: nothing is smuggled through, and the client address is passed on."""

import asyncio
import contextlib
import re
import socket
from pathlib import Path

import pytest

from simpost.http import HostRules, TrustedProxies
from tests.integration.api.conftest import serving
from tests.integration.http.debian import program
from tests.integration.http.test_rfc import app

pytestmark = pytest.mark.attack
DOCUMENT = Path(__file__).parents[3] / "docs" / "proxies.md"
PROXIES = {
    "nginx": ("usr/sbin/nginx", "nginx"),
    "caddyfile": ("usr/bin/caddy", "caddy"),
    "haproxy": (
        "usr/sbin/haproxy",
        "haproxy",
        "liblua5.3-0",
        "libopentracing-c-wrapper0",
        "libopentracing1",
    ),
}
CARELESS = {
    "nginx": ('proxy_set_header Connection "";',
              'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'),
    "caddyfile": ("header_up -Upgrade", ""),
    "haproxy": ("http-request del-header Upgrade", ""),
}  # fmt: skip
"""Our configuration with the usual recipes for WebSocket applied."""
VICTIMS = 40
PATIENCE_S = 90


def documented(name):
    """The configuration that docs/proxies.md shows for a proxy."""
    return re.search(rf"```{name}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)[1]


def command(name, text, folder, port, server_port):
    """How to start the proxy with its documented configuration, on free ports and without TLS."""
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{server_port}")
    if name == "nginx":
        text = re.sub(r"\n *ssl_\w+ .*", "", text).replace("443 ssl", f"127.0.0.1:{port}")
        paths = "".join(
            f"{each}_temp_path {folder}/{each}; "
            for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        outer = f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{"
        text = f"{outer} access_log off; {paths}\n{text}}}"
        return text, ["-p", str(folder), "-c", str(folder / "conf")]
    if name == "caddyfile":
        options = "{\nadmin off\nauto_https off\n}\n"
        text = options + text.replace("sms.example.com", f"http://:{port}")
        return text, ["run", "--adapter", "caddyfile", "--config", str(folder / "conf")]
    text = re.sub(r"bind :443.*", f"bind 127.0.0.1:{port}", text)
    times = "defaults\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
    return times + text, ["-db", "-f", str(folder / "conf")]


@contextlib.asynccontextmanager
async def proxied(name, folder, *, careless=False):
    """The port of a proxy in front of our server."""
    path, environment = program(*PROXIES[name])
    text = documented(name)
    if careless:
        assert CARELESS[name][0] in text
        text = text.replace(*CARELESS[name])
    hosts = HostRules.of("127.0.0.1", ["sms.example.com"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxies = TrustedProxies(["127.0.0.1"])
    async with serving(app, hosts=hosts, proxies=proxies, grace_s=1) as server_port:
        text, arguments = command(name, text, folder, port, server_port)
        (folder / "conf").write_text(text)
        environment |= {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        with (folder / "log").open("w") as log:
            process = await asyncio.create_subprocess_exec(
                path, *arguments, env=environment, stdout=log, stderr=log
            )
        try:
            await _answers(port, folder / "log", process)
            yield port
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _answers(port, log, process):
    """Wait until the proxy passes requests on."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            assert process.returncode is None, log.read_text()
            with contextlib.suppress(OSError):
                if (await ask(port, b"GET /begin HTTP/1.1\r\n"))[0] == 200:
                    return
            await asyncio.sleep(0.05)


async def ask(port, line, headers=b"", pieces=(b"",), **connection):
    """Status, headers and body of the answer to a request through the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **connection)
    try:
        writer.write(line + b"Host: sms.example.com\r\n" + headers + b"\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)  # as a read of its own: it is the proxy that has to see it
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        return int(head.split()[1]), head.lower(), body
    finally:
        writer.close()


@pytest.mark.parametrize("name", PROXIES)
async def test_the_documented_proxy_says_who_the_client_is(name, tmp_path):
    async with proxied(name, tmp_path) as port:
        forged = b"X-Forwarded-For: 192.0.2.66\r\n"
        for headers in (b"", forged, forged * 2):
            status, head, _ = await ask(
                port, b"GET / HTTP/1.1\r\n", headers, local_addr=("127.0.0.2", 0)
            )
            assert status == 200
            assert b"x-client: 127.0.0.2\r\n" in head


@pytest.mark.parametrize("careless", [False, True], ids=["documented", "careless"])
@pytest.mark.parametrize("name", PROXIES)
async def test_nothing_is_smuggled_through_a_proxy(name, careless, tmp_path):
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: sms.example.com\r\nX: "
    size = b"Content-Length: %d\r\n" % len(smuggled)
    async with proxied(name, tmp_path, careless=careless) as port:
        for protocol in (b"h2c", b"websocket"):
            upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
            for cut in (0, 10, len(smuggled)):
                pieces = (smuggled[:cut], smuggled[cut:])
                attack = ask(port, b"POST /attack HTTP/1.1\r\n", upgrade + size, pieces)
                victims = [
                    ask(
                        port,
                        b"POST /victim-%d HTTP/1.1\r\n" % at,
                        b"Content-Length: 4\r\n",
                        (b"mine",),
                    )
                    for at in range(VICTIMS)
                ]
                (status, _, body), *others = await asyncio.gather(attack, *victims)
                assert status >= 400 or body in (b"/attack " + smuggled, b"/attack ")
                said = [body for _, _, body in others]
                assert said == [b"/victim-%d mine" % at for at in range(VICTIMS)]
