"""A release: what must be true of the sources, equal octets of two builds, the list of parts."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def release():
    path = ROOT / "packaging" / "release.py"
    spec = importlib.util.spec_from_file_location("release", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(tmp_path, release):
    """The files that a release looks at, with an entry of the changelog that is right."""
    for name in ("pyproject.toml", *release._VERSIONS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0 (2026-12-01)\n\n- First.\n")
    return tmp_path


def test_sources_that_say_one_version_are_ready(sources, release):
    assert list(release.problems(sources)) == []


@pytest.mark.parametrize(
    ("changelog", "problem"),
    [
        ("## Unreleased\n", "has no entry `## 0.1.0 (YYYY-MM-DD)`"),
        ("## 0.1.0\n\n- First.\n", "gives no date for 0.1.0"),
        ("## 0.1.0 (2026-13-01)\n\n- First.\n", "gives no date for 0.1.0"),
        ("## 0.1.0 (1 May)\n\n- First.\n", "gives no date for 0.1.0"),
        ("## 0.1.0 (2026-12-01)\n\n## 0.0.9 (2026-11-01)\n\n- Old.\n", "says nothing about 0.1.0"),
        ("## Unreleased\n\n- New.\n\n## 0.1.0 (2026-12-01)\n\n- First.\n", "under Unreleased"),
    ],
)
def test_a_changelog_that_is_not_ready_is_refused(sources, release, changelog, problem):
    (sources / "CHANGELOG.md").write_text(f"# Changelog\n\n{changelog}")
    (found,) = release.problems(sources)
    assert problem in found


def test_a_version_that_differs_is_named_with_its_file(sources, release):
    for name in release._VERSIONS:
        text = (sources / name).read_text()
        (sources / name).write_text(text.replace("0.1.0", "0.2.0"))
    found = list(release.problems(sources))
    assert [each.partition(" ")[0] for each in found] == list(release._VERSIONS)


def test_two_builds_of_one_commit_have_the_same_octets(tmp_path, release):
    repository = tmp_path / "repository"
    repository.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, repository)
    shutil.copytree(ROOT / "src" / "simpost" / "smpp", repository / "src" / "simpost" / "smpp")
    git = ("git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=a: b"], check=True)
    sums = release.build_twice(repository, tmp_path / "dist")
    assert {re.sub(r"-\d.*?(?=-py3|\.tar)", "", name) for name in sums} == {
        "simpost-py3-none-any.whl",
        "simpost.tar.gz",
    }
    listed = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "dist", check=False
    )
    assert listed.returncode == 0


@pytest.fixture
def clone(tmp_path):
    """A clone with what is changed here, and how to commit in it."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    listed = subprocess.check_output(["git", "ls-files", "-z", "--modified"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        shutil.copy(ROOT / name, folder / name)
    return folder


def git(folder, *arguments):
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", folder, *name, *arguments], check=True, capture_output=True)


def run_release(clone, folder, *options):
    command = [sys.executable, "packaging/release.py", "--folder", folder, *options]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    os.environ.get("PACKAGES") != "long", reason="`make test-packages` builds it four times."
)
def test_a_clone_that_is_ready_is_released_twice_with_equal_octets(clone, tmp_path):
    day = (clone / "CHANGELOG.md").read_text().replace("## Unreleased", "## 0.1.0 (2026-12-01)")
    (clone / "CHANGELOG.md").write_text(day)
    refused = run_release(clone, tmp_path / "none", "--check")
    assert refused.stderr.splitlines()[1:] == ["there are changes that are not committed"]
    git(clone, "commit", "--all", "--quiet", "--allow-empty", "--message=Release 0.1.0")
    git(clone, "tag", "v0.1.0")
    for name in ("first", "second"):
        done = run_release(clone, tmp_path / name)
        assert done.returncode == 0, done.stderr
    octets = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    ]
    assert octets[0] == octets[1]
    assert octets[0].keys() == {
        *("SHA256SUMS", "simpost-0.1.0-py3-none-any.whl", "simpost-0.1.0.tar.gz"),
    }
    git(clone, "commit", "--quiet", "--allow-empty", "--message=After it")
    moved = run_release(clone, tmp_path / "none", "--check")
    assert moved.stderr.splitlines()[1:] == ["the tag v0.1.0 is on another commit"]


def test_sources_without_a_dated_entry_are_not_released(clone, tmp_path):
    (clone / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0\n\n- First.\n")
    git(clone, "commit", "--all", "--quiet", "--message=a: b")
    done = run_release(clone, tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "CHANGELOG.md gives no date for 0.1.0" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(
    os.environ.get("PACKAGES") != "long", reason="`make test-packages` makes and reads the list."
)
def test_the_list_of_parts_is_valid_and_has_every_locked_version(environment, tools, tmp_path):
    path = tmp_path / "simpost.cdx.json"
    done = subprocess.run(
        [
            *(tools / "cyclonedx-py", "environment", "--output-reproducible", "--validate"),
            *("--pyproject", ROOT / "pyproject.toml", "--mc-type", "application"),
            *("--output-file", path, environment / "bin" / "python"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(path.read_text())
    assert document["metadata"]["component"]["name"] == "simpost"
    found = {each["name"].lower(): each for each in document["components"]}
    locked = (ROOT / "requirements" / "deploy.txt").read_text()
    for name, version, marker in re.findall(r"^([\w-]+)==(\S+)(.*)$", locked, re.MULTILINE):
        if "win32" not in marker:
            part = found[name] if name in found else found[name.replace("-", "_")]
            assert part["version"] == version
            assert part.get("licenses"), name
