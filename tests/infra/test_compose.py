"""The compose file: Docker's own reading of it, its services, and that nothing secret is there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from tests.infra.lint_tools import INFRA, attempt, run, tools

COMPOSE = INFRA / "compose"
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|AIza[\w-]{35}|hf_[A-Za-z0-9]{30}|ghp_\w{30}"
    r"|://[^\s/:@$%{}]+:[^\s/@$%{}]+@"  # a password in an address
    r"|(?i:\b\w*(?:password|passwd|secret_?key|token|fernet_?key)\b)[\"']?\s*[:=]\s*[\"']?[\w+/-]{8,}"
)
LITERALS_THAT_ARE_NONE = ("AIRFLOW__", "automountServiceAccountToken", "SecretName: airflow-")


def literal_secrets(folder: Path) -> list[str]:
    """Lines that hold what looks like a secret itself, not its name."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and "secrets" not in path.parts:
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if SECRET.search(line) and not any(n in line for n in LITERALS_THAT_ARE_NONE):
                    found.append(f"{path.relative_to(folder)}:{number}: {line.strip()}")
    return found


def copied(tmp_path: Path) -> Path:
    """A copy with an environment and secrets, as a person makes them."""
    folder = tmp_path / "infra" / "compose"
    shutil.copytree(COMPOSE, folder, ignore=shutil.ignore_patterns("secrets", ".env"))
    shutil.copy(folder / ".env.example", folder / ".env")
    run([folder / "make-secrets.sh"])
    return folder


def read(folder: Path) -> dict[str, Any]:
    """The file as Docker Compose resolves it, with all profiles."""
    command = [tools() / "docker-compose", "--profile", "*", "config", "--format", "json"]
    resolved: dict[str, Any] = json.loads(run(command, cwd=folder))
    return resolved


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read(copied(tmp_path_factory.mktemp("compose")))["services"]
    return found


def test_compose_itself_takes_the_file_and_refuses_a_typo(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert len(read(folder)["services"]) == 13
    file = folder / "docker-compose.yml"
    text = file.read_text("utf-8")
    for old, new, said in (
        ("healthcheck:\n      test: [CMD, pg", "healthchek:\n      test: [CMD, pg", "healthchek"),
        ("      postgres:\n        cond", "      postgre:\n        cond", "postgre"),
        ("secrets: [database_password]", "secrets: [database_passwords]", "database_passwords"),
    ):
        assert old in text
        file.write_text(text.replace(old, new, 1))
        done = attempt([tools() / "docker-compose", "config", "-q"], cwd=folder)
        assert done.returncode != 0
        assert said in done.stderr
    file.write_text(text)
    (folder / ".env").write_text("")
    assert (
        "see .env.example"
        in attempt([tools() / "docker-compose", "config", "-q"], cwd=folder).stderr
    )


def test_who_waits_for_whom(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert services[other]["healthcheck"]["test"], f"{name} waits for {other}"
            else:
                assert (other, wait["condition"]) == ("migrate", "service_completed_successfully")
        assert ("healthcheck" in service) == (name != "migrate"), name
    assert set(services["worker"]["depends_on"]) == {"api-server", "migrate", "redis"}
    profiles = {n: s["profiles"] for n, s in services.items() if "profiles" in s}
    monitoring = {n: ["monitoring"] for n in ("grafana", "prometheus", "statsd-exporter")}
    assert profiles == {"buckets": ["buckets"], "gpu-worker": ["gpu"]} | monitoring


def test_images_are_pinned_ports_are_local_and_rights_are_few(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+[\w.-]*$", service["image"]), service["image"]
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ())), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        build = service.get("build")
        if build:
            dockerfile = (INFRA.parent / build["dockerfile"]).read_text("utf-8")
            assert f" AS {build['target']}\n" in dockerfile
    assert {n for n, s in services.items() if s.get("ports")} == {
        "api-server",
        "buckets",
        "grafana",
        "prometheus",
    }


def test_both_workers_see_checkpoints_and_keep_what_they_fetched(
    services: Mapping[str, Any],
) -> None:
    """`plan` names a model by its files, `describe` speaks with a checkpoint: CPU jobs."""
    for name in ("worker", "gpu-worker"):
        mounted = {v["target"]: v.get("read_only", False) for v in services[name]["volumes"]}
        assert (mounted["/models"], mounted["/home/airflow/.cache"]) == (True, False), name
    steps = (
        (INFRA / "images" / "airflow.Dockerfile").read_text("utf-8").partition(" AS worker\n")[2]
    )
    # a volume takes the owner of the folder that it is mounted over
    assert re.search(r"--owner=airflow [^\n]*/\.cache /models\n", steps.partition("\nFROM ")[0])


def test_gpu_tasks_have_a_worker_of_their_own(services: Mapping[str, Any]) -> None:
    commands = {n: s["command"] for n, s in services.items() if "worker" in n}
    assert commands == {
        "worker": ["celery", "worker", "--queues", "default", "--concurrency", "2"],
        "gpu-worker": ["celery", "worker", "--queues", "gpu", "--concurrency", "1"],
    }
    (device,) = services["gpu-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 1, ["gpu"])
    assert "deploy" not in services["worker"]


def test_secrets_are_files(services: Mapping[str, Any]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|FERNET|SQL_ALCHEMY|RESULT_BACKEND", variable):
                assert variable.endswith(("_CMD", "_FILE")), f"{name}: {variable}"
                assert "/run/secrets/" in value
    assert set(yaml.safe_load((COMPOSE / "docker-compose.yml").read_text())["secrets"]) == {
        secret["source"] for service in services.values() for secret in service.get("secrets", ())
    }


def test_secrets_are_made_once_and_are_good(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    made = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    Fernet(made["fernet_key"])
    assert len(made["airflow_secret"]) == 96
    assert re.fullmatch("[0-9a-f]{48}", made["database_password"])
    users = [line.split() for line in made["passwords"].splitlines()]
    assert [user[:2] for user in users] == [["Admin", "admin"], ["Op", "operator"],
                                            ["Viewer", "viewer"]]  # fmt: skip
    assert len({user[2] for user in users}) == 3
    run([folder / "make-secrets.sh"])
    assert made == {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    assert {"/.env", "/secrets/"} == set((COMPOSE / ".gitignore").read_text().split())


def test_airflow_reads_its_secrets_from_the_files(
    services: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.configuration import conf

    folder = copied(tmp_path)
    variables = services["scheduler"]["environment"]
    commands = {v: c for v, c in variables.items() if v.endswith("_CMD")}
    assert len(commands) == 5
    for variable, command in commands.items():
        monkeypatch.delenv(variable.removesuffix("_CMD"), raising=False)
        monkeypatch.setenv(variable, command.replace("/run/secrets", str(folder / "secrets")))
    password = (folder / "secrets" / "database_password").read_text()
    address = f"postgresql+psycopg2://airflow:{password}@postgres/airflow"
    assert conf.get("database", "sql_alchemy_conn") == address
    assert conf.get("celery", "result_backend") == address.replace(
        "postgresql+psycopg2", "db+postgresql"
    )
    assert conf.get("api", "secret_key") == conf.get("api_auth", "jwt_secret")
    assert re.fullmatch(r"[\w-]{43}=", conf.get("core", "fernet_key"))


def test_nothing_secret_is_written_down_and_a_secret_would_be_found(tmp_path: Path) -> None:
    for name in ("images", "terraform", "kubernetes", "compose", "monitoring"):
        assert literal_secrets(INFRA / name) == []
    for number, line in enumerate(
        (
            "password: correct-horse-battery",
            "url: postgresql://airflow:" + "hunter22@db/airflow",
            "-----BEGIN " + "PRIVATE KEY-----",
            'FERNET_KEY="' + "x" * 44 + '"',
            "key: AKIA" + "ABCDEFGHIJKLMNOP",
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "values.yaml").write_text(f"a: b\n{line}\n")
        assert literal_secrets(folder) == [f"values.yaml:2: {line}"]


def test_what_is_secret_or_of_a_machine_is_in_no_commit() -> None:
    for path in (
        "compose/.env",
        "compose/secrets/passwords",
        "terraform/envs/dev/terraform.tfvars",
    ):
        assert attempt(["git", "check-ignore", INFRA / path]).returncode == 0, path
    assert attempt(["git", "check-ignore", COMPOSE / ".env.example"]).returncode == 1


def test_no_tag_is_moved_under_us() -> None:
    for name in ("images", "terraform", "kubernetes", "compose", "monitoring"):
        for path in (INFRA / name).rglob("*"):
            if path.suffix in (".yaml", ".yml", ".Dockerfile", ".sh", ".tf"):
                text = path.read_text("utf-8")
                assert not re.search(r"[\w/-]+:latest\b|tag:\s*\"?latest", text), path
