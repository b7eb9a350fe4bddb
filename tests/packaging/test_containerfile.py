"""The image, built and run without a container engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.packaging import image

ROOT = Path(__file__).parents[2]
FILE = ROOT / "packaging" / "Containerfile"


@pytest.fixture
def built(tmp_path):
    if not image.has_overlays(tmp_path):
        pytest.skip("The image is not built: overlays cannot be mounted here.")
    return image.build(FILE, ROOT, tmp_path / "image")


def test_hadolint_finds_nothing(tools):
    done = subprocess.run([tools / "hadolint", FILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_engines_and_the_ignore_file_see_what_is_copied():
    ignored = ROOT / ".containerignore"
    assert (ROOT / "packaging" / "Containerfile.dockerignore").resolve() == ignored
    let_through = {line[1:] for line in ignored.read_text().splitlines() if line[:1] == "!"}
    copied = [
        each
        for word, words in image.instructions(FILE)
        if word == "COPY" and "--from" not in words
        for each in words.split()[:-1]
    ]
    assert set(copied) == let_through


def test_the_image_runs_as_65532_and_writes_only_its_volume(built, tmp_path):
    secrets, settings = tmp_path / "secrets", tmp_path / "settings"
    settings.mkdir()
    init = [
        sys.executable,
        "-m",
        "simpost",
        "init",
        settings / "simpost.toml",
        "--store=/data/simpost.db",
    ]
    subprocess.run([*init, "--credentials", secrets], check=True, capture_output=True)
    for path in [secrets, *secrets.iterdir()]:
        os.chown(path, 65532, 65532)
    mounted = {"/etc/simpost": settings, "/run/secrets": secrets}
    for path in mounted:
        (built.upper / path.lstrip("/")).mkdir(parents=True)
    before = set(built.upper.rglob("*"))
    entry = [*json.loads(built.settings["ENTRYPOINT"]), *json.loads(built.settings["CMD"])]
    command, variables = image.command_of(built, entry, mounted)
    variables |= {"SIMPOST_SERVER__PORT": "0"}
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            printed = []
            for line in process.stdout:
                printed.append(line)
                if "listens on" in line:
                    break
            assert "listens on http://0.0.0.0:" in printed[-1], printed
            url = f"http://127.0.0.1:{printed[-1].rpartition(':')[2].strip()}"
            with urllib.request.urlopen(f"{url}/readyz") as answer:
                assert answer.status == 200
            checked = json.loads(built.settings["HEALTHCHECK"].partition("CMD ")[2])
            checked = [url if each.startswith("http") else each for each in checked]
            assert run(built, checked, mounted) == (0, "ok\n")
            owners = {path.stat().st_uid for path in (built.folder / "data").iterdir()}
            assert owners == {65532}
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(30) == 0
            finally:
                process.kill()
    assert set(built.upper.rglob("*")) == before
    refused = run(
        built, ["touch", "/data/y", "/x", "/tmp/x", "/opt/simpost/x", "/var/tmp/x"], mounted
    )
    assert refused[1].count("Read-only file system") == 4
    assert run(built, checked, mounted)[0] == 1


def run(stage, command, mounted):
    command, variables = image.command_of(stage, command, mounted)
    done = subprocess.run(
        command,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout
