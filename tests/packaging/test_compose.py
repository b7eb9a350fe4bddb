"""The Compose file: Compose itself reads it, and simpost its configuration and secrets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from simpost.config import load
from simpost.config.credentials import FOLDER

ROOT = Path(__file__).parents[2]
HERE = ROOT / "packaging" / "compose"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the folder with secrets, in a copy of the repository's tree."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("packaging", "ops"):
        ignored = shutil.ignore_patterns("secrets", "helm", "debian")
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=ignored)
    made = root / "packaging" / "compose"
    subprocess.run(["sh", made / "secrets.sh"], check=True)
    return made


@pytest.fixture(scope="module")
def project(folder, tools):
    """The file as Compose understands it."""
    done = subprocess.run(
        [tools / "docker-compose", "--file", folder / "compose.yaml", "config", "--format=json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_compose_understands_the_file_and_finds_every_file(project):
    assert project["services"].keys() == {"simpost", "postgres", "prometheus", "grafana"}
    named = [each["file"] for each in project["secrets"].values()]
    for service in project["services"].values():
        mounts = service.get("volumes", [])
        named += [each["source"] for each in mounts if each["type"] == "bind"]
    assert [name for name in named if not Path(name).exists()] == []


def test_ports_are_published_on_loopback_only(project):
    published = [
        port["host_ip"]
        for service in project["services"].values()
        for port in service.get("ports", [])
    ]
    assert published == ["127.0.0.1", "127.0.0.1"]


def test_simpost_has_a_read_only_root_and_no_privilege(project):
    service = project["services"]["simpost"]
    assert service["user"] == "65532:65532"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_simpost_accepts_its_configuration_with_the_secrets(folder, project):
    given = {each["source"] for each in project["services"]["simpost"]["secrets"]}
    settings = load(folder / "simpost.toml", {FOLDER: str(folder / "secrets")})
    assert given == {"admin_token", "metrics_token", "secrets_key", "database_url"}
    assert settings.server.metrics_token.get_secret_value()
    password = (folder / "secrets" / "postgres_password").read_text()
    assert settings.store.database_url == f"postgresql://simpost:{password}@postgres/simpost"


def test_secrets_are_made_once_and_differ(folder):
    before = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    subprocess.run(["sh", folder / "secrets.sh"], check=True)
    assert {path.name: path.read_text() for path in (folder / "secrets").iterdir()} == before
    assert len(set(before.values())) == len(before) == 6
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700


def test_prometheus_scrapes_simpost_and_grafana_finds_prometheus(project):
    scraped = yaml.safe_load((HERE / "prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["simpost:8080"]}]
    secrets = {each["source"] for each in project["services"]["prometheus"]["secrets"]}
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert secrets == {"metrics_token"}
    (source,) = yaml.safe_load((HERE / "grafana" / "datasources.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((HERE / "grafana" / "dashboards.yml").read_text())["providers"]
    mounts = {each["target"] for each in project["services"]["grafana"]["volumes"]}
    assert provider["options"]["path"] in mounts
