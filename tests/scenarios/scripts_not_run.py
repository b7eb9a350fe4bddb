"""The `sh` blocks of the documentation that no test runs here, each with its reason.

Every other one is run by `test_page_examples.py`. The commands and options of all of them are
checked by `tests/surface/test_pages.py`, their targets and modules by `test_snippets.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_MAKE: Final = "a target of make, which takes minutes or starts the demo"
_ROOT: Final = "writes to folders of the system, as root"
_SERVER: Final = "a server, which runs until it is stopped"
_FILES: Final = "the reader's own files"
_FORMS: Final = "a word such as ID stands for a value"
_REGISTRY: Final = "installs from a registry, or from this checkout"

NOT_RUN: Final[dict[tuple[str, str], str]] = {
    ("README.md", "make run"): _MAKE,
    ("README.md", "pip install ."): f"{_REGISTRY}; test_wheel.py does",
    ("README.md", "simpost check --config /etc/simpost.toml"): f"{_ROOT}; test_debian.py does",
    ("README.md", "export SIMPOST_CONFIG=/etc/simpost.toml"): _FILES,
    ("CONTRIBUTING.md", "make run"): _MAKE,
    ("CONTRIBUTING.md", ".venv/bin/python -m clients.python.tools.make_models"): (
        "test_client_surface.py compares what it writes"
    ),
    ("docs/backups.md", "simpost backup"): f"{_ROOT}; test_backup.py does",
    ("docs/backups.md", "simpost restore"): f"{_ROOT}; test_backup.py does",
    ("docs/backups.md", "pg_dump"): "PostgreSQL; test_copies.py does",
    ("docs/backups.md", "pg_restore"): "PostgreSQL; test_copies.py does",
    ("docs/benchmarks.md", "make bench"): _MAKE,
    ("docs/benchmarks.md", "python -m bench.noisy_account"): "a benchmark of minutes",
    ("docs/benchmarks.md", "git worktree add"): "a benchmark of minutes",
    ("docs/benchmarks.md", "python -m bench.dispatch"): "a benchmark of minutes",
    ("docs/broadcasts.md", "simpost broadcast file"): (
        "its template is not on the page; test_broadcast_files.py makes the same calls"
    ),
    ("docs/capacity.md", "make bench"): _MAKE,
    ("docs/console.md", "simpost users"): "asks a person for a password",
    ("docs/console.md", "pip install"): _REGISTRY,
    ("docs/faults.md", "simpost smsc"): _SERVER,
    ("docs/handset-tests.md", "simpost smsc"): _SERVER,
    ("docs/importing.md", "simpost plans import plans.json"): _FILES,
    ("docs/importing.md", "simpost plans import prices.csv"): _FILES,
    ("docs/importing.md", "simpost esims list [NUMBER]"): _FORMS,
    ("docs/importing.md", "python3 - <<'END'"): "a measurement with a million eSIMs",
    ("docs/inbound.md", "simpost inbox ID"): _FORMS,
    ("docs/mcp.md", "pip install"): _REGISTRY,
    ("docs/mcp.md", "simpost mcp --transport http"): _SERVER,
    ("docs/nodes.md", "simpost serve"): _SERVER,
    ("docs/packages.md", "python3 -m venv /opt"): f"{_ROOT}; test_wheel.py does",
    ("docs/packages.md", "simpost init /etc"): f"{_ROOT}; test_systemd.py reads the unit",
    (
        "docs/packages.md",
        "docker build",
    ): "a container engine; test_containerfile.py runs its steps",
    ("docs/packages.md", "cd packaging/compose"): "a container engine; test_compose.py does",
    ("docs/packages.md", "kubectl"): "a cluster; test_chart.py renders the chart",
    ("docs/packages.md", "make deb"): f"{_ROOT}; test_debian.py does",
    ("docs/sealing.md", "simpost forget"): "asks a person to confirm it",
    ("docs/survival.md", "make scenarios"): _MAKE,
    ("docs/testing.md", "echo openapi-python-client"): _REGISTRY,
    ("docs/testing.md", "make"): _MAKE,
    ("docs/upstreams.md", "curl"): "a simulator with --callback; test_upstreams.py has one",
    ("docs/tutorial.md", "make run"): _MAKE,
    ("clients/npm/README.md", "npm"): _REGISTRY,
    ("clients/python/README.md", "pip install"): _REGISTRY,
}
"""By page and the beginning of the block."""


def why_not_run(page: Path, text: str) -> str:
    """The reason; empty if the block is run."""
    found = [
        reason
        for (name, beginning), reason in NOT_RUN.items()
        if str(page) == name and text.startswith(beginning)
    ]
    return found[0] if found else ""
