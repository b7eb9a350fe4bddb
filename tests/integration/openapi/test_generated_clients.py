"""The OpenAPI document as read by others: a strict linter and two client generators."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.timeout(240)  # the first run installs what it needs

Run = Callable[..., str]


def test_a_strict_linter_finds_nothing(node_modules: Path, run: Run, document: Path) -> None:
    (document.parent / "redocly.yaml").write_text("extends: [recommended-strict]\n")
    report = run([node_modules / ".bin" / "redocly", "lint", document, "--format=json"])
    assert '"problems": []' in report


def test_a_generated_python_client_works(programs: Path, run: Run, document: Path) -> None:
    config = document.parent / "config.yaml"
    config.write_text("post_hooks: []\n")
    report = run(
        [
            *(programs / "openapi-python-client", "generate", f"--path={document}"),
            *("--meta=none", f"--config={config}", "--output-path=simpost_client"),
            "--fail-on-warning",
        ]
    )
    assert "Warning" not in report
    shutil.copy(HERE / "client.py", document.parent)
    assert run([programs / "python", "-W", "error", "client.py"]) == "done\n"


def test_a_generated_typescript_client_compiles_and_works(
    node_modules: Path, run: Run, document: Path
) -> None:
    (document.parent / "node_modules").symlink_to(node_modules)
    for name in ("client.ts", "package.json", "tsconfig.json"):
        shutil.copy(HERE / name, document.parent)
    run([node_modules / ".bin" / "openapi-typescript", document, "--output=simpost.ts"])
    run([node_modules / ".bin" / "tsc", "--project", "tsconfig.json"])
    assert run(["node", "client.js"]) == "done\n"
