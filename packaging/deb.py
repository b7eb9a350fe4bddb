"""Build the Debian package: `python packaging/deb.py WHEEL FOLDER`.

A virtual environment in /usr/lib/simpost has the wheel and all it needs, at the locked versions,
compiled. It runs on the Python of the distribution for which it is built, which is /usr/bin/python3
of the machine that builds.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
HOME = "/usr/lib/simpost"
_PYTHON = "import sys; print('{}.{}'.format(*sys.version_info[:2]))"
_SHELLS = {
    "bash": "bash-completion/completions/simpost",
    "zsh": "zsh/vendor-completions/_simpost",
    "fish": "fish/vendor_completions.d/simpost.fish",
}
_LAUNCHER = """\
#!{home}/bin/python3
import sys

from simpost.cli import main

sys.exit(main())
"""


def build(given: argparse.Namespace) -> Path:
    """The package."""
    wheel, folder, python, packages = given.wheel, given.folder, given.python, given.packages
    version = wheel.name.split("-")[1]
    minor = _output(python, "-c", _PYTHON)
    architecture = _output("dpkg", "--print-architecture")
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made, "tree")
        site = tree / f"{HOME.lstrip('/')}/lib/python{minor}/site-packages"
        if packages:
            shutil.copytree(packages, site)
        else:
            _install(python, wheel, site)
        _environment(tree, site, minor)
        if not given.uncompiled:
            _compile(tree, site, python)
        _files(tree, site, python, version)
        _tidy(tree)
        _control(tree, version, architecture, f"python{minor}")
        package = folder / f"simpost_{version}_{architecture}.deb"
        _run("dpkg-deb", "--root-owner-group", *given.compression.split(), "--build", tree, package)
    return package


def _install(python: str, wheel: Path, site: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    options = ("install", "--quiet", "--no-compile", "--target", site, "--only-binary", ":all:")
    locked = ("--require-hashes", "-r", ROOT / "requirements" / "deploy.txt")
    _run(*pip, *options, "--no-deps", *locked)
    _run(*pip, *options, "--no-deps", "--no-index", wheel)


def _environment(tree: Path, site: Path, minor: str) -> None:
    """What makes the folder a virtual environment of the distribution's Python."""
    for unused in ("bin", "apsw/sqlite_extra_binaries"):  # programs of dependencies
        shutil.rmtree(site / unused, ignore_errors=True)
    home = tree / HOME.lstrip("/")
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").symlink_to(f"../../../bin/python{minor}")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    launcher = home / "bin" / "simpost"
    launcher.write_text(_LAUNCHER.format(home=HOME))
    launcher.chmod(0o755)
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/simpost").symlink_to("../lib/simpost/bin/simpost")
    for record in site.glob("*.dist-info/*"):  # of the installation, with paths of this machine
        if record.name in ("RECORD", "direct_url.json", "REQUESTED"):
            record.unlink()


def _compile(tree: Path, site: Path, python: str) -> None:
    """Compile all modules; whether one is current is not looked at, so that no time is in it."""
    code = (
        "import compileall, py_compile, sys; sys.exit(not compileall.compile_dir(sys.argv[1], "
        "quiet=1, stripdir=sys.argv[2], prependdir='/', "
        "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH))"
    )
    _run(python, "-c", code, site, tree)


def _files(tree: Path, site: Path, python: str, version: str) -> None:
    """Service, documentation, man page and completion."""
    share = tree / "usr/share"
    unit = tree / "usr/lib/systemd/system/simpost.service"
    unit.parent.mkdir(parents=True)
    shutil.copy(HERE / "systemd" / "simpost.service", unit)
    (tree / "etc/simpost").mkdir(parents=True)
    documents = share / "doc/simpost"
    shutil.copytree(ROOT / "docs", documents / "docs")
    shutil.copytree(ROOT / "ops", documents / "ops")
    shutil.copy(HERE / "debian" / "copyright", documents)
    shutil.copy(ROOT / "CHANGELOG.md", documents)
    _gzip(documents / "changelog.gz", _changelog(version).encode())
    overrides = share / "lintian/overrides/simpost"
    overrides.parent.mkdir(parents=True)
    shutil.copy(HERE / "debian" / "lintian-overrides", overrides)
    run = (python, "-S", "-c")
    prefix = f"import sys; sys.path.insert(0, {str(site)!r}); sys.dont_write_bytecode = True; "
    manual = f"import runpy; runpy.run_path({str(HERE / 'manual.py')!r}, run_name='__main__')"
    (share / "man/man1").mkdir(parents=True)
    _gzip(share / "man/man1/simpost.1.gz", _octets(*run, prefix + manual))
    for shell, name in _SHELLS.items():
        complete = f"from simpost.cli import main; main(['completion', {shell!r}])"
        path = share / name
        path.parent.mkdir(parents=True)
        path.write_bytes(_octets(*run, prefix + complete))


def _changelog(version: str) -> str:
    """The changelog in Debian's form, at the time of the sources: it names the one for users."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    return (
        f"simpost ({version}) unstable; urgency=medium\n\n"
        "  * See CHANGELOG.md in this folder.\n\n"
        f" -- {_maintainer()}  {format_datetime(datetime.fromtimestamp(seconds, UTC))}\n"
    )


def _maintainer() -> str:
    name = os.environ.get("DEBFULLNAME", "simpost maintainers")
    return f"{name} <{os.environ.get('DEBEMAIL', 'root@localhost')}>"


def _tidy(tree: Path) -> None:
    """Modes of all files and folders, whatever the umask and the sources have."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if is_program else 0o644)


def _control(tree: Path, version: str, architecture: str, python: str) -> None:
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    sums = [
        f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n"  # noqa: S324
        for path in files
    ]
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "md5sums").write_text("".join(sums))
    values = {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "PYTHON": python,
        "MAINTAINER": _maintainer(),
        "SIZE": str(sum(path.stat().st_size for path in files) // 1024),
    }
    text = (HERE / "debian" / "control").read_text()
    (control / "control").write_text(re.sub(r"@(\w+)@", lambda name: values[name[1]], text))
    for script in ("postinst", "prerm", "postrm"):
        shutil.copy(HERE / "debian" / script, control)
        (control / script).chmod(0o755)


def _gzip(path: Path, octets: bytes) -> None:
    path.write_bytes(gzip.compress(octets, 9, mtime=0))


def _run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)


def _octets(*command: str) -> bytes:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    if "SOURCE_DATE_EPOCH" in os.environ:
        environment["SOURCE_DATE_EPOCH"] = os.environ["SOURCE_DATE_EPOCH"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout


def _output(*command: str) -> str:
    return _octets(*command).decode().strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default="/usr/bin/python3", help="Python that will run it")
    parser.add_argument("--compression", default="-Zxz", help="options of dpkg-deb")
    parser.add_argument("--packages", type=Path, help="folder of all Python packages, to copy")
    parser.add_argument("--uncompiled", action="store_true", help="compile no module, for tests")
    print(build(parser.parse_args()))


if __name__ == "__main__":
    main()
