"""The Helm chart: Helm lints and renders it, and Kubernetes' schemas accept what it renders."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from simpost.config import load
from simpost.config.credentials import FOLDER

ROOT = Path(__file__).parents[2]
CHART = ROOT / "packaging" / "helm" / "simpost"
EMBEDDED: dict[str, object] = {}
CLUSTER = {
    "replicas": 3,
    "existingSecret": "keys",
    "postgresql": {"enabled": True, "existingSecret": "database", "key": "uri"},
    "image": {"repository": "registry.example.com/simpost", "tag": "0.1.0"},
    "imagePullSecrets": [{"name": "registry"}],
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "sms.example.com",
        "tlsSecret": "sms-tls",
        "annotations": {"a": "b"},
    },
    "service": {"annotations": {"a": "b"}},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "sms", "operator": "Exists"}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "affinity": {"nodeAffinity": {}},
}
REFUSED = {
    "replicas": {"replicas": 2},
    "existingSecret": {"existingSecret": ""},
    "replica": {"replica": 1},
    "host": {"ingress": {"enabled": True}},
    "size": {"persistence": {"size": "20 GB"}},
    "drainSeconds": {"drainSeconds": "15"},
    "privileged": {"image": {"repository": "simpost", "privileged": True}},
}


@pytest.fixture(scope="module")
def cases(tools):
    """What Helm makes of each case of values, in one process."""
    values = [EMBEDDED, CLUSTER, *REFUSED.values()]
    done = subprocess.run(
        [tools / "python", Path(__file__).with_name("helm_cases.py"), CHART],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def documents(case):
    assert "problem" not in case, case["problem"]
    texts = [text for name, text in case["files"].items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def test_helm_lints_the_chart_without_a_fault(cases):
    for case in cases[:2]:
        assert [each for each in case["lint"] if each["severity"] > 1] == []


def test_the_schema_refuses_values_and_names_them(cases):
    for key, case in zip(REFUSED, cases[2:], strict=True):
        assert key in case.get("problem", ""), key
    assert json.loads((CHART / "values.schema.json").read_text())["properties"].keys() >= (
        yaml.safe_load((CHART / "values.yaml").read_text()).keys()
    )


def test_kubernetes_accepts_every_manifest(cases, tools, tmp_path):
    paths = []
    for number, case in enumerate(cases[:2]):
        for place, document in enumerate(documents(case)):
            path = tmp_path / f"{number}-{place}-{document['kind']}.yaml"
            path.write_text(yaml.safe_dump(document))
            paths.append(path)
    kinds = {path.stem.rpartition("-")[2] for path in paths}
    assert kinds == {
        *("ConfigMap", "Ingress", "PodDisruptionBudget"),
        *("Service", "ServiceAccount", "StatefulSet"),
    }
    done = subprocess.run(
        [tools / "kubernetes-validate", "--strict", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def stateful_set(case):
    (found,) = [each for each in documents(case) if each["kind"] == "StatefulSet"]
    return found["spec"]


@pytest.mark.parametrize("number", [0, 1])
def test_a_pod_is_user_65532_with_a_read_only_root(cases, number):
    pod = stateful_set(cases[number])["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [each["mountPath"] for each in container["volumeMounts"] if "readOnly" not in each]
    assert writable == ["/data"]


def test_secrets_are_those_of_the_user_and_only_in_files(cases):
    assert not [each for case in cases[:2] for each in documents(case) if each["kind"] == "Secret"]
    pod = stateful_set(cases[1])["template"]["spec"]
    (secrets,) = [each["projected"] for each in pod["volumes"] if each["name"] == "secrets"]
    assert secrets["sources"] == [
        {"secret": {"name": "keys"}},
        {"secret": {"name": "database", "items": [{"key": "uri", "path": "database_url"}]}},
    ]
    (container,) = pod["containers"]
    assert "secretKeyRef" not in json.dumps(container["env"])


@pytest.mark.parametrize("number", [0, 1])
def test_simpost_accepts_the_configuration_of_a_pod(cases, number, tmp_path):
    (configuration,) = [each for each in documents(cases[number]) if each["kind"] == "ConfigMap"]
    path = tmp_path / "simpost.toml"
    path.write_text(configuration["data"]["simpost.toml"])
    secrets = {
        "admin_token": "a-token-of-your-own",
        "secrets_key": "h1BJ1wWnn3qhbGLhoVjM1U7fHM9s2T6FzcpVrXyP9tk=",
        "database_url": "postgresql://simpost:pass@db/simpost",
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    (container,) = stateful_set(cases[number])["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value", "sms-0") for each in container["env"]}
    assert given[FOLDER] == "/run/secrets/simpost"
    settings = load(path, {**given, FOLDER: str(tmp_path)})
    assert settings.node.name == "sms-0"
    assert settings.server.drain_s == 15
    assert settings.store.is_embedded == (number == 0)


def test_versions_of_chart_and_application_are_one(cases):
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"]
    (container,) = stateful_set(cases[0])["template"]["spec"]["containers"]
    assert container["image"] == f"simpost:{chart['appVersion']}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart["version"])
