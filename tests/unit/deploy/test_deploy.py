"""What is shipped to run the gateway in containers fits together, as far as can be told without an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway import __version__
from gateway.accounting.metrics import Metrics
from gateway.policy.language.load import load
from tests.prometheus import binary

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
ALERTS = [
    rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
# Stands for the container engine: what would run inside the gateway's image runs here.
ENGINE = """\
docker() {
  while [ $# -gt 0 ] && [ "$1" != gateway ]; do shift; done
  [ $# -le 1 ] || { shift; "$POINTSMAN" "$@"; }
}
"""


def copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def mounts() -> list[tuple[str, str, str]]:
    """The service, source and target of each bind mount."""
    found = []
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind":
                assert volume["read_only"], volume
                found.append((name, volume["source"], volume["target"]))
    return found


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that README.md's commands make, and what they said."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "policies", root / "policies")
    (root / "deploy").mkdir()
    (found,) = re.findall(r"```sh\n(.*?)```", (DEPLOY / "README.md").read_text(), re.DOTALL)
    commands = found.replace("/etc/pointsman/policies", "deploy/policies")
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        ["sh", "-euc", ENGINE + commands],
        cwd=root,
        env={**keep, "POINTSMAN": str(Path(sys.executable).parent / "pointsman")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "deploy" / "policies", done.stdout + done.stderr


def test_the_commands_of_the_readme_make_a_policy_with_a_caller(policies: tuple[Path, str]) -> None:
    folder, said = policies
    assert "is a policy" in said
    assert re.search(r"^key: pm-\S+", said, re.MULTILINE)
    policy = load(folder, secrets={})
    assert [known.caller.name for known in policy.callers] == ["me"]


def test_the_compose_file_is_one_by_the_specification() -> None:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_every_mounted_path_exists(policies: tuple[Path, str]) -> None:
    assert mounts()
    for service, source, _ in mounts():
        path = policies[0] if source == "./policies" else DEPLOY / source
        assert path.exists(), (service, source)


def test_every_named_volume_is_declared() -> None:
    used = {
        volume["source"]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume["type"] == "volume"
    }
    assert used == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_kept_local_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:v?\d[\w.-]*", service["image"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "HEALTHCHECK" in DOCKERFILE if "build" in service else service["healthcheck"]["test"]


def test_what_the_dockerfile_copies_is_there_and_reaches_the_builder() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert set(copied()) == let_in
    assert all((ROOT / source).exists() for source in copied())


def test_a_wheel_is_built_from_what_the_dockerfile_copies_with_everything_in_it(tmp_path: Path) -> None:
    source = tmp_path / "src"
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, "."],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("pointsman-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "gateway").rglob("*.py")}
    assert modules <= set(names)
    assert "gateway/classify/weights/linear.npz" in names
    assert "gateway/demo/orders.sql" in names
    assert any(name.endswith("entry_points.txt") for name in names)


def test_the_image_installs_only_what_is_locked_and_runs_without_rights() -> None:
    installs = re.findall(r"pip install (.+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    assert all("--require-hashes" in line or line.endswith("--no-build-isolation .") for line in installs)
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert [re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+", base) is None for base in bases] == [False]
    assert re.search(r"^USER [1-9]\d{3,}:[1-9]\d{3,}$", DOCKERFILE, re.MULTILINE)
    assert "EXPOSE 8080" in DOCKERFILE
    assert "/healthz" in DOCKERFILE


def test_what_the_install_without_isolation_needs_is_locked() -> None:
    assert re.search(r"^setuptools==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def test_no_secret_is_written_down() -> None:
    said = re.compile(r"(?i)(password|token|secret|api_key)\w*[ \t]*[:=][ \t]*(\S+)")
    for path in (DEPLOY / "Dockerfile", DEPLOY / "compose.yaml", *(DEPLOY / "grafana").rglob("*.yaml")):
        assert not said.findall(path.read_text()), path.name


def test_grafana_finds_its_data_source_and_the_dashboard() -> None:
    grafana = DEPLOY / "grafana"
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]
    (provider,) = yaml.safe_load((grafana / "dashboards/pointsman.yaml").read_text())["providers"]
    bound = {target: DEPLOY / source for service, source, target in mounts() if service == "grafana"}
    assert (bound[provider["options"]["path"]] / "overview.json").exists()
    for kind in ("datasources", "dashboards"):
        assert (bound[f"/etc/grafana/provisioning/{kind}"]).resolve() == grafana / kind
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/overview.json"


def test_prometheus_scrapes_the_gateway_where_it_listens() -> None:
    (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["gateway:8080"]}]
    assert "POINTSMAN_PORT=8080" in DOCKERFILE


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [binary("promtool"), *arguments], cwd=DEPLOY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_that_an_alert_asks_for_is_the_gateways() -> None:
    defined = re.findall(r"# TYPE (\w+)", Metrics(__version__).render().decode())
    known = {name + part for name in defined for part in ("", "_bucket", "_sum", "_count")}
    asked = {name for rule in ALERTS for name in re.findall(r"\b(?:pointsman|process)_\w+", rule["expr"])}
    assert asked <= known


def test_every_alert_is_tested() -> None:
    tests = yaml.safe_load((DEPLOY / "alerts.test.yml").read_text())["tests"]
    fired = {t["alertname"] for test in tests for t in test["alert_rule_test"] if t.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_paragraph_in_the_runbook(rule: dict[str, Any]) -> None:
    path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in ("page", "ticket")
