"""The Python client is built and installed as its users do."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.integration.downloads import OFFLINE

SOURCE = Path("clients/python")
MAX_WHEEL_OCTETS = 100_000
USE = """
from simpost_client import SmsNotSupported
from simpost_client.testing import FakeGateway

gateway = FakeGateway()
gateway.add_esim("23072017992029")
gateway.add_esim("23072017992031", sms_status=0, package_code="P0")
with gateway.client() as client:
    client.messages.send(esim_tran_no="23072017992029", text="Hello")
with gateway.compatible_client() as client:
    try:
        client.send_sms("23072017992031", "Hello")
    except SmsNotSupported as error:
        print(gateway.texts[-1].text, error.reason)
"""


def run(*command, cwd=None):
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    words = done.stdout + done.stderr
    if done.returncode and any(reason in words for reason in OFFLINE):
        pytest.skip("PyPI cannot be reached: the client is not installed with its dependency.")
    assert done.returncode == 0, words
    return done.stdout


def build(folder, target, out):
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out, cwd=folder)
    return next(out.glob("*.whl" if target == "wheel" else "*.tar.gz"))


def test_the_wheel_installs_in_a_clean_environment_and_works(tmp_path):
    sdist = build(SOURCE, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    wheel = build(tmp_path / sdist.name.removesuffix(".tar.gz"), "wheel", tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("simpost_client/")}
    source = SOURCE / "src"
    files = [each for each in source.rglob("*") if each.is_file() and each.suffix != ".pyc"]
    assert packed == {each.relative_to(source).as_posix() for each in files}
    assert "simpost_client/py.typed" in packed
    assert wheel.stat().st_size < MAX_WHEEL_OCTETS
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = ("-m", "pip", "--disable-pip-version-check", "--no-input")
    run(python, *pip, "install", "--quiet", "--retries=0", "--only-binary=:all:", wheel)
    run(python, *pip, "check")
    assert run(python, "-W", "error", "-c", USE) == "Hello sms_not_supported\n"
