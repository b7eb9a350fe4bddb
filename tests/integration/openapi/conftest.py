import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.gateway import Gateway
from tests.integration.downloads import install_npm, install_python

HERE = Path(__file__).parent

Run = Callable[..., str]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    purpose = "no linter reads the OpenAPI document, and no client is made from it in TypeScript"
    return install_npm(HERE, "openapi", purpose)


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where openapi-python-client is, in a venv of its own."""
    return install_python(HERE, "openapi-python", "no client is made from it in Python")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        running.fill(2)
        yield running


@pytest.fixture
def document(gateway: Gateway, tmp_path: Path) -> Path:
    """The OpenAPI document as a running gateway serves it, as a file."""
    path = tmp_path / "openapi.json"
    with urlopen(f"{gateway.url}/openapi.json") as answer:
        path.write_text(json.dumps(json.load(answer)), "utf-8")
    return path


@pytest.fixture
def run(gateway: Gateway, tmp_path: Path) -> Run:
    """Run a program in the test's folder; it knows the gateway from its environment."""
    known = {
        "SIMPOST_URL": gateway.url,
        "SIMPOST_ACCESS_CODE": gateway.access_code,
        "SIMPOST_SECRET": gateway.secret,
        "SIMPOST_ADMIN_TOKEN": gateway.token,
        "SIMPOST_ESIM": "26010100000000",
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }

    def run(command: Sequence[str | Path]) -> str:
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env={**os.environ, **known},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
