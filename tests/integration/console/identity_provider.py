"""npm's `oidc-provider`, a certified OpenID Connect provider, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2

from simpost.config.console import ConsoleSettings
from tests.integration.downloads import install_npm

SECRET = "a secret: of 32 characters & more"
CLIENT = "console"
_HERE = Path(__file__).parent / "oidc_provider"
_STEPS = 12
"""Pages and redirects of the provider in one sign-in, at most."""


class IdentityProvider:
    """The provider; its `issuer` is on another site than a console at 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.issuer = self._next()

    def settings(self, **more: object) -> ConsoleSettings:
        """Settings of a console that it signs users in to."""
        fields = {
            "oidc_issuer": self.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
        }
        return ConsoleSettings.model_validate_json(json.dumps(fields | more))

    def rotate(self) -> None:
        """Use a new key and forget the old one."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._next()

    async def sign_in(self, url: str, name: str) -> str:
        """Where the provider sends a browser back to, once the user has signed in and agreed."""
        async with httpx2.AsyncClient() as client:
            answer = await client.get(url)
            for _ in range(_STEPS):
                if answer.status_code in (302, 303):
                    url = urljoin(url, answer.headers["location"])
                    if not url.startswith(self.issuer):
                        return url
                    answer = await client.get(url)
                    continue
                assert answer.status_code == 200, answer.text
                form = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert form, answer.text
                assert prompt, answer.text
                url = urljoin(url, unescape(form[1]))
                fields = {"prompt": prompt[1], "login": name, "password": "any"}
                answer = await client.post(url, data=fields)
        raise AssertionError("the provider did not come to an end")

    def _next(self) -> str:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):
                issuer = json.loads(line)["issuer"]
                assert isinstance(issuer, str)
                return issuer
        raise AssertionError("node has ended")


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[IdentityProvider]:
    """A provider that sends users back to these addresses, or the test is skipped."""
    modules = install_npm(_HERE, "oidc-provider", "no sign-in by npm's oidc-provider")
    module = modules / "oidc-provider" / "lib" / "index.js"
    command = ["node", str(_HERE / "provider.mjs"), str(module), SECRET, *redirect_uris]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"NODE_NO_WARNINGS": "1"},
    ) as process:
        try:
            yield IdentityProvider(process)
        finally:
            process.kill()


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query))
