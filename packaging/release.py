"""Check a release, build it twice, and compare: `make release`.

The sources must be committed and say one version everywhere, and the changelog must have an entry
with a date for it. The wheel and the sdist are built in two clones, at the time of the commit; both
must have the same octets. Then they are in dist/, with SHA256SUMS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
_ENTRY = re.compile(r"^## (\S+)(?: \(([^)\n]*)\))?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_VERSIONS = {
    "src/simpost/__init__.py": r'__version__ = "([^"]+)"',
    "packaging/helm/simpost/Chart.yaml": r"^version: (\S+)$",
    "packaging/compose/compose.yaml": r"image: simpost:(\S+)$",
}


def problems(root: Path) -> Iterator[str]:
    """What is not ready for a release in a folder of sources, apart from git."""
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for name, pattern in _VERSIONS.items():
        found = re.search(pattern, (root / name).read_text("utf-8"), re.MULTILINE)
        if found is None or found[1] != version:
            yield f"{name} has version {found[1] if found else None}, pyproject.toml {version}"
    entries = {
        name: (day, text.strip())
        for name, day, text in _ENTRY.findall((root / "CHANGELOG.md").read_text("utf-8"))
    }
    day, text = entries.get(version, ("", ""))
    if version not in entries:
        yield f"CHANGELOG.md has no entry `## {version} (YYYY-MM-DD)`"
    elif not text:
        yield f"CHANGELOG.md says nothing about {version}"
    elif not _is_date(day):
        yield f"CHANGELOG.md gives no date for {version}: write `## {version} (YYYY-MM-DD)`"
    if entries.get("Unreleased", ("", ""))[1]:
        yield f"CHANGELOG.md has changes under Unreleased: move them under {version}"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _problems_of_git(root: Path) -> Iterator[str]:
    if _git(root, "status", "--porcelain"):
        yield "there are changes that are not committed"
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    tag = f"v{version}"
    if _git(root, "tag", "--list", tag) and tag not in _git(root, "tag", "--points-at").split():
        yield f"the tag {tag} is on another commit"


def build(sources: Path, folder: Path, seconds: int) -> dict[str, str]:
    """Build wheel and sdist into a folder; their names and SHA-256 sums."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(seconds), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=sources, env=environment, check=True, stdout=sys.stderr)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def build_twice(repository: Path, folder: Path) -> dict[str, str]:
    """Build the commit in two clones, of which one has other modes; leave with 1 if they differ."""
    seconds = int(_git(repository, "log", "-1", "--format=%ct"))
    sums = []
    for number in (1, 2):
        with tempfile.TemporaryDirectory() as made:
            clone = Path(made, f"clone-{number}")
            _git(repository, "clone", "--quiet", "--no-local", str(repository), str(clone))
            if number == 2:
                for path in clone.rglob("*.py"):
                    path.chmod(0o600)
                    os.utime(path, (0, 0))
            built = Path(made, "dist")
            sums.append(build(clone, built, seconds))
            if number == 2:
                folder.mkdir(exist_ok=True)
                for path in built.iterdir():
                    shutil.copy(path, folder)
    if sums[0] != sums[1]:
        sys.exit(f"Two builds of one commit differ:\n{json.dumps(sums, indent=2)}")
    lines = [f"{digest}  {name}\n" for name, digest in sums[0].items()]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return sums[0]


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--unchecked", action="store_true", help="build, whatever the changelog has"
    )
    parser.add_argument("--check", action="store_true", help="look, and build nothing")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist")
    given = parser.parse_args()
    found = [*problems(ROOT), *_problems_of_git(ROOT)]
    if found and not given.unchecked:
        sys.exit("\n".join(["This is not ready for a release:", *found]))
    if given.check:
        return
    for name, digest in build_twice(ROOT, given.folder).items():
        print(f"{digest}  {name}")


if __name__ == "__main__":
    main()
