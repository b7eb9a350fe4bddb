"""The Debian package: built, and installed by dpkg on an overlay of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.image import has_overlays

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
pytestmark = pytest.mark.skipif(
    os.environ.get("PACKAGES") != "long", reason="`make test-packages` builds and installs it."
)
INSTALL = """\
set -eu
mount -t overlay overlay -o "lowerdir=/,upperdir=$AT/upper,workdir=$AT/work" "$AT/root"
mount --rbind /dev "$AT/root/dev"
mount -t proc proc "$AT/root/proc"
cp "$1" "$AT/root/simpost.deb"
exec /usr/sbin/chroot "$AT/root" sh -eu -c '
    unset PYTHONPATH VIRTUAL_ENV
    everything() { find /etc /lib /opt /usr /var -xdev -not -path "/var/lib/dpkg/*" | sort; }
    everything >/before
    dpkg --force-unsafe-io --install /simpost.deb >/dev/null 2>&1
    test -L /etc/systemd/system/multi-user.target.wants/simpost.service
    cd /
    simpost --version
    /usr/lib/simpost/bin/python3 -m simpost text Hello | head -1
    simpost init /etc/simpost/simpost.toml --credentials /etc/simpost/credentials >/dev/null
    mkdir /var/lib/simpost  # as systemd does
    CREDENTIALS_DIRECTORY=/etc/simpost/credentials simpost check --config /etc/simpost/simpost.toml
    systemd-analyze verify --man=no /usr/lib/systemd/system/simpost.service
    dpkg --verify simpost
    dpkg --remove simpost >/dev/null 2>&1
    test ! -e /usr/bin/simpost
    dpkg --purge simpost >/dev/null 2>&1
    echo ---
    everything | diff /before - | sed -n "s/^[<>] //p" | grep -v -E "^/var/(log/|cache/)"
'
"""


def is_python_like_ours():
    """Whether packages of these tests run on the Python of the distribution."""
    code = "import sys; print(sys.version_info[:2], sys.abiflags)"
    asked = [
        subprocess.run([each, "-c", code], capture_output=True, check=False).stdout
        for each in (PYTHON, sys.executable)
    ]
    return asked[0] == asked[1]


@pytest.fixture(scope="module")
def package(environment, wheel, tmp_path_factory):
    for program in (PYTHON, "dpkg-deb"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed.")
    if not is_python_like_ours():
        pytest.skip("The tests run on another Python than the distribution has.")
    (packages,) = environment.glob("lib/python*/site-packages")
    folder = tmp_path_factory.mktemp("debian")
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "packaging" / "deb.py", wheel, folder),
            *("--packages", packages, "--compression=-Znone", "--uncompiled"),
        ],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def test_the_package_has_service_manual_and_completion(package):
    listed = subprocess.check_output(["dpkg-deb", "--contents", package], text=True)
    rows = [line.split() for line in listed.splitlines()]
    names = {row[5].removeprefix(".") for row in rows}
    assert names >= {
        "/usr/bin/simpost",
        "/usr/lib/simpost/bin/python3",
        "/usr/lib/systemd/system/simpost.service",
        "/usr/share/bash-completion/completions/simpost",
        "/usr/share/doc/simpost/copyright",
        "/usr/share/fish/vendor_completions.d/simpost.fish",
        "/usr/share/man/man1/simpost.1.gz",
        "/usr/share/zsh/vendor-completions/_simpost",
    }
    assert {row[1] for row in rows} == {"root/root"}
    assert {row[0] for row in rows} == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"}


def test_dpkg_installs_and_removes_it(package, tmp_path):
    if not has_overlays(tmp_path):
        pytest.skip("Nothing is installed: overlays cannot be mounted here.")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", INSTALL, "sh", package],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "AT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines()
    assert printed[0].startswith("simpost ")
    assert printed[1].startswith("encoding  gsm7")
    left = printed[printed.index("---") + 1 :]
    assert left == [
        "/etc/simpost",
        "/etc/simpost/credentials",
        "/etc/simpost/credentials/admin_token",
        "/etc/simpost/credentials/secrets_key",
        "/etc/simpost/simpost.toml",
        "/var/lib/simpost",
    ]


def test_lintian_finds_nothing_that_is_not_explained(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed: nobody else reads the package.")
    fast = "uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball"
    options = ["--allow-root", "--profile=debian", f"--suppress-tags={fast}"]
    done = subprocess.run(
        ["lintian", *options, package], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
