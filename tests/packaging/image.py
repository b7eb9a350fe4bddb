"""Builds and runs the image of a Containerfile without a container engine.

A stage is an overlay over the root of this machine, whose Python stands for that of the base image.
Steps that install locked packages are kept in .cache, as engines keep layers.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.downloads import CACHE, alone

_MOUNT = """\
set -eu
mount -t overlay overlay -o "lowerdir=/,upperdir=$STAGE/upper,workdir=$STAGE/work" "$STAGE/root"
mount --rbind /dev "$STAGE/root/dev"
mount -t proc proc "$STAGE/root/proc"
"""


def has_overlays(folder: Path) -> bool:
    """Whether this machine lets us mount: as root, outside of most containers."""
    if not shutil.which("unshare"):
        return False
    for name in ("upper", "work", "root"):
        (folder / name).mkdir()
    options = f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work"
    command = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options]
    done = subprocess.run([*command, folder / "root"], capture_output=True, check=False)
    return done.returncode == 0


@dataclass
class Stage:
    """One `FROM` of the file: its folder with the overlay, and what its steps have set."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    key: str = ""

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        self.bring_python()

    @property
    def upper(self) -> Path:
        """What the steps have written."""
        return self.folder / "upper"

    def bring_python(self) -> None:
        """The base image has `python`: here it is that of the tests, which every user can run."""
        home = Path(sys.base_prefix)
        for parent in reversed(home.parents[:-1]):
            here = self.upper / parent.relative_to("/")
            here.mkdir(exist_ok=True)
            here.chmod(0o755)
        programs = self.upper / "usr/local/bin"
        programs.mkdir(parents=True, exist_ok=True)
        real = Path(home, "bin", "python3").resolve()
        (programs / "python").write_text(f'#!/bin/sh\nexec {real} "$@"\n')
        (programs / "python").chmod(0o755)


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each instruction of the file in capitals, and its words."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (line.split(maxsplit=1)[0], " ".join(line.split()[1:]))
        for line in joined.splitlines()
        if line.strip()
    ]


def build(file: Path, context: Path, folder: Path) -> Stage:
    """Run all steps; the last stage. Only what the ignore file lets through is copied."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for number, (word, words) in enumerate(instructions(file)):
        if word == "FROM":
            name = words.partition(" AS ")[2] or f"stage-{number}"
            stage = stages[name] = Stage(folder / name)
            continue
        assert stage
        stage.key = hashlib.sha256(f"{stage.key} {word} {words}".encode()).hexdigest()
        if word == "ENV":
            stage.environment |= dict(each.split("=", 1) for each in shlex.split(words))
        elif word == "COPY":
            _copy(stage, words, stages, context)
        elif word == "RUN":
            _run_step(stage, words)
        else:
            stage.settings[word] = words
    assert stage
    return stage


def _copy(stage: Stage, words: str, stages: dict[str, Stage], context: Path) -> None:
    flags = [each for each in words.split() if each.startswith("--")]
    *sources, target = [each for each in words.split() if not each.startswith("--")]
    given = dict(flag.removeprefix("--").split("=") for flag in flags)
    base = stages[given["from"]].upper if "from" in given else context
    at = stage.upper / Path(stage.settings.get("WORKDIR", "/"), target).relative_to("/")
    for source in sources:
        path = base / source.lstrip("/")
        into = at / path.name if path.is_file() and target.endswith("/") else at
        into.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if base == context else None
            shutil.copytree(path, into, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            shutil.copystat(path, into)
        else:
            stage.key = hashlib.sha256(stage.key.encode() + path.read_bytes()).hexdigest()
            shutil.copy2(path, into)
        if "chown" in given:
            user, group = map(int, given["chown"].split(":"))
            os.chown(into, user, group)


def _run_step(stage: Stage, words: str) -> None:
    kept = CACHE / "image" / hashlib.sha256(f"{stage.key}{sys.version}".encode()).hexdigest()[:16]
    if "--require-hashes" not in words:
        _in_root(stage, words)
        return
    with alone("image"):
        if not kept.exists():
            _in_root(stage, words)
            subprocess.run(["cp", "-a", stage.upper, f"{kept}.part"], check=True)
            Path(f"{kept}.part").rename(kept)
        else:
            shutil.rmtree(stage.upper)
            subprocess.run(["cp", "-a", kept, stage.upper], check=True)


def _in_root(stage: Stage, words: str) -> None:
    folder = stage.settings.get("WORKDIR", "/")
    inside = f"mkdir -p {folder} && cd {folder} && {words}"
    script = f'{_MOUNT}exec /usr/sbin/chroot "$STAGE/root" /bin/sh -c {shlex.quote(inside)}'
    variables = {**os.environ, **stage.environment, "STAGE": str(stage.folder)}
    variables["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def command_of(
    stage: Stage, command: list[str], files: dict[str, Path]
) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that run a command in the image.

    As `USER` of the image, with a root that cannot be written, and its volume. `files`: what is
    mounted at which path.
    """
    user, group = stage.settings["USER"].split(":")
    (volume,) = json.loads(stage.settings["VOLUME"])
    mounts = []
    for path, file in files.items():
        source, target = shlex.quote(str(file)), f'"$STAGE/root{path}"'
        mounts.append(f'mkdir -p "$STAGE/upper{path}"; mount --bind -o ro {source} {target}')
    data = shlex.quote(str(stage.folder / "data"))
    (stage.folder / "data").mkdir(exist_ok=True)
    shutil.copystat(stage.upper / volume.lstrip("/"), stage.folder / "data")
    os.chown(stage.folder / "data", int(user), int(group))
    inside = f"cd {stage.settings['WORKDIR']} && exec {shlex.join(command)}"
    script = "\n".join(
        [
            _MOUNT,
            *mounts,
            f'mount --bind {data} "$STAGE/root{volume}"',
            'mount -o remount,ro "$STAGE/root"',
            f'set -- --userspec={user}:{group} --groups= "$STAGE/root"',
            f'exec /usr/sbin/chroot "$@" /bin/sh -c {shlex.quote(inside)}',
        ]
    )
    variables = {**stage.environment, "STAGE": str(stage.folder), "LANG": "C.UTF-8"}
    return ["unshare", "--mount", "sh", "-c", script], variables
