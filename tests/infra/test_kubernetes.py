"""The manifests: strict schemas, what every pod must have, corpora that the jobs understand."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from af3core.errors import ConfigurationError
from beam_jobs.framework.beam_options import parse_with_beam
from beam_jobs.framework.job import job_parser
from dags.corpus.arguments import beam_arguments, job_arguments
from dags.corpus.reading import read_corpus
from dags.launch.flex_template import launch_body
from infra.images import templates
from schemas.jobs import job_named
from tests.infra.lint_tools import INFRA, attempt, rendered, run, tools

KUBERNETES = INFRA / "kubernetes"
GKE = KUBERNETES / "overlays" / "gke"
AIRFLOW = KUBERNETES / "airflow"
FLINK_SCHEMA = json.loads((KUBERNETES / "flink" / "flinkdeployment.schema.json").read_text())
CORPORA = sorted(INFRA.rglob("corpora/*.yaml"))


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


def manifests() -> list[dict[str, Any]]:
    """All objects that are sent to a cluster, but for those of Helm's chart."""
    found = documents(rendered(GKE)) + documents(rendered(AIRFLOW))
    for name in ("gpu-pod.yaml", "pools-job.yaml"):
        found += documents((AIRFLOW / name).read_text("utf-8"))
    return found


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods of objects by name; of a Flink session its TaskManager's, merged as Flink does."""
    found = {}
    for item in objects:
        name = f"{item['kind']}/{item['metadata']['name']}"
        if item["kind"] == "Pod":
            found[name] = item["spec"]
        elif item["kind"] == "FlinkDeployment":
            spec = item["spec"]
            (main,) = spec["podTemplate"]["spec"]["containers"]
            worker = spec["taskManager"]["podTemplate"]["spec"]
            first, *others = worker["containers"]
            assert first == {"name": "flink-main-container"}
            merged = {**main, "image": spec["image"]}
            found[name] = {
                "serviceAccountName": spec["serviceAccount"],
                **spec["podTemplate"]["spec"],
                **worker,
                "containers": [merged, *others],
            }
        elif "template" in item.get("spec", {}):
            found[name] = item["spec"]["template"]["spec"]
    return found


def validated(folder: Path, objects: list[dict[str, Any]]) -> str:
    """What the strict validator says of objects; it passes over none."""
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    done = attempt([tools() / "kubernetes-validate", "--strict", file])
    said = done.stdout + done.stderr
    assert len(re.findall(r"passed for|failed|ERROR", said)) >= len(objects), said
    return "" if done.returncode == 0 else said


def test_manifests_satisfy_strict_schemas_and_a_typo_is_found(tmp_path: Path) -> None:
    objects = [item for item in manifests() if item["kind"] != "FlinkDeployment"]
    of_flink = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "flink"}, "spec": spec}
        for name, spec in pods(manifests()).items()
        if name.startswith("FlinkDeployment")
    ]
    assert len(of_flink) == 2
    assert {"Deployment", "NetworkPolicy", "Job", "Pod", "Role"} <= {o["kind"] for o in objects}
    assert validated(tmp_path, [*objects, *of_flink]) == ""

    of_flink[0]["spec"]["containers"][1]["readinesProbe"] = {"tcpSocket": {"port": 1}}
    assert "readinesProbe" in validated(tmp_path, of_flink[:1])
    (deployment,) = [
        o for o in objects if (o["kind"], o["metadata"]["name"]) == ("Deployment", "beam-gpu")
    ]
    deployment["spec"]["replica"] = 2
    assert "replica" in validated(tmp_path, [deployment])


def test_flink_sessions_satisfy_the_operators_schema_and_a_typo_is_found() -> None:
    sessions = [o for o in manifests() if o["kind"] == "FlinkDeployment"]
    assert [s["metadata"]["name"] for s in sessions] == ["flink-cpu", "flink-gpu"]
    for session in sessions:
        assert session["apiVersion"] == "flink.apache.org/v1beta1"
        jsonschema.validate(session["spec"], FLINK_SCHEMA)
        assert "job" not in session["spec"], "a session, no application"
        manager = session["spec"]["jobManager"]["podTemplate"]["spec"]
        assert manager["automountServiceAccountToken"] is True, "it starts TaskManagers"
    for wrong in ({"flinkVersion": "v9"}, {"taskManagers": {}}, {"jobManager": {"replica": 1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**sessions[0]["spec"], **wrong}, FLINK_SCHEMA)


def test_every_pod_is_unprivileged_limited_and_of_a_pinned_image() -> None:
    found = pods(manifests())
    assert len(found) == 8
    for name, spec in found.items():
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            where = f"{name}/{container['name']}"
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, where
            assert security["capabilities"] == {"drop": ["ALL"]}, where
            assert re.search(r":v?\d+\.\d+", container["image"]), where
            if container["name"] == "flink-main-container":
                continue  # Flink's start script writes its configuration; resources stand beside
            assert security["readOnlyRootFilesystem"] is True, where
            resources = container["resources"]
            assert resources["requests"]["cpu"], where
            assert "memory" in resources["limits"], where


def test_whoever_holds_a_gpu_asks_for_one_and_stands_on_its_nodes() -> None:
    holders = {}
    for name, spec in pods(manifests()).items():
        for container in spec["containers"]:
            limits = container.get("resources", {}).get("limits", {})
            if "nvidia.com/gpu" in limits:
                holders[name] = limits["nvidia.com/gpu"]
                assert spec["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
                assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"
                assert "gpu" in spec["serviceAccountName"]
    assert holders == {"Deployment/beam-gpu": "1", "FlinkDeployment/flink-gpu": "1",
                       "Pod/gpu-task": "1"}  # fmt: skip


def test_accounts_are_googles_and_network_is_closed_by_default() -> None:
    objects = manifests()
    accounts = {o["metadata"]["name"]: o for o in objects if o["kind"] == "ServiceAccount"}
    for name, account in accounts.items():
        email = account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"]
        assert email.split("@")[0] == f"af3-{name.split('-')[1]}", name
    used = {spec.get("serviceAccountName") for spec in pods(objects).values()} - {None}
    assert used == set(accounts) - {"airflow-cpu"}
    for executor in ("kubernetes", "celery"):
        values = yaml.safe_load((AIRFLOW / f"values-{executor}.yaml").read_text("utf-8"))
        account = values["workers"][executor]["serviceAccount"]
        assert account == {"create": False, "name": "airflow-cpu"}
    policies = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "NetworkPolicy"}
    assert policies["nothing-by-default"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    assert all(o["metadata"].get("namespace") in ("af3", "airflow") for o in objects
               if o["kind"] not in ("Namespace", "Pod"))  # fmt: skip


def test_services_and_job_servers_name_what_is_there() -> None:
    objects = documents(rendered(GKE))
    names = {(o["kind"], o["metadata"]["name"]) for o in objects}
    labels = [
        o["spec"]["template"]["metadata"]["labels"] for o in objects if o["kind"] == "Deployment"
    ]
    for item in objects:
        if item["kind"] == "Service":
            assert any(item["spec"]["selector"].items() <= of_pod.items() for of_pod in labels)
    for kind in ("cpu", "gpu"):
        (server,) = [o for o in objects if o["kind"] == "Deployment"
                     and o["metadata"]["name"] == f"beam-jobs-{kind}"]  # fmt: skip
        arguments = server["spec"]["template"]["spec"]["containers"][0]["args"]
        assert f"--flink-master=flink-{kind}-rest:8081" in arguments
        assert ("FlinkDeployment", f"flink-{kind}") in names


@pytest.mark.parametrize("path", CORPORA, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_corpora_are_read_and_their_options_are_beams(path: Path) -> None:
    assert len(CORPORA) == 5
    corpus = read_corpus(path, {})
    is_template = corpus.runner.kind == "dataflow"
    assert corpus.runner.python == (None if is_template else "/opt/af3/bin/python")
    for job in ("segment", "annotate"):
        parser = job_parser(job_named(job))
        beam = beam_arguments(corpus, job)
        options = [*job_arguments(job, corpus, "2026-11-01", "2026-11-01", "r"), *beam]
        assert parse_with_beam(parser, options)[1] == beam
        if is_template:
            known = {p["name"]: p for p in templates.metadata(job_named(job))["parameters"]}
            sent = launch_body("n", "t", options)["launchParameter"]["parameters"]
            for name, value in sent.items():
                assert all(re.search(form, value) for form in known[name].get("regexes", ())), name
        with pytest.raises(ConfigurationError, match="unknown option --machinetype"):
            parse_with_beam(parser, [*options, "--machinetype=x"])
    if corpus.runner.gpu_options.get("runner") == "PortableRunner":
        services = {
            o["metadata"]["name"] for o in documents(rendered(GKE)) if o["kind"] == "Service"
        }
        endpoint = corpus.runner.gpu_options["job_endpoint"]
        assert endpoint.split(".af3:")[0] in services


# keys of chart 1.22 that are used here; the chart itself is not to be had here
VALUES_KEYS = set(
    "airflowLocalSettings airflowVersion apiSecretKeySecretName apiServer cleanup config"
    " createUserJob dagProcessor data databaseCleanup defaultAirflowRepository defaultAirflowTag"
    " env executor fernetKeySecretName images jwtSecretName networkPolicies pgbouncer postgresql"
    " redis scheduler securityContexts statsd triggerer volumeMounts volumes workers".split()
)


def test_helm_values_agree_with_the_rest() -> None:
    values = {p.stem: yaml.safe_load(p.read_text("utf-8")) for p in AIRFLOW.glob("values*.yaml")}
    assert set(values) == {"values", "values-kubernetes", "values-celery"}
    assert set().union(*values.values()) <= VALUES_KEYS
    base, kubernetes, celery = (values[n] for n in ("values", "values-kubernetes", "values-celery"))
    assert (kubernetes["executor"], celery["executor"]) == ("KubernetesExecutor", "CeleryExecutor")
    assert base["postgresql"]["enabled"] is False
    assert base["createUserJob"]["defaultUser"]["enabled"] is False
    assert [s["queue"] for s in celery["workers"]["celery"]["sets"]] == ["default", "gpu"]
    objects = documents(rendered(AIRFLOW))
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    for volume in kubernetes["volumes"]:
        assert volume["configMap"]["name"] in maps
    (template,) = [e["value"] for e in kubernetes["env"] if e["name"] == "AF3_GPU_POD_TEMPLATE"]
    assert Path(template).name in maps["af3-pod-templates"]
    (pod,) = documents(maps["af3-pod-templates"]["gpu-pod.yaml"])
    assert pod["spec"]["containers"][0]["name"] == "base", "the name that Airflow looks for"
    text = json.dumps(values)
    assert not re.search(r'"(?:pass|password|connection|fernetKey|secretKey)": "[^"]', text)


def test_airflow_makes_a_gpu_pod_of_the_template() -> None:
    from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

    pod = PodGenerator.construct_pod(
        dag_id="annotate__radio",
        task_id="annotate",
        pod_id="annotate-1",
        try_number=1,
        kube_image="",
        date=None,
        args=["python", "-m", "airflow.sdk.execution_time.execute_workload"],
        pod_override_object=None,
        base_worker_pod=PodGenerator.deserialize_model_file(str(AIRFLOW / "gpu-pod.yaml")),
        namespace="airflow",
        scheduler_job_id="1",
        map_index=1,
    )
    (container,) = pod.spec.containers
    assert container.args[-1] == "airflow.sdk.execution_time.execute_workload"
    assert container.image.endswith("/airflow-gpu-worker:v0.2.0")
    assert container.resources.limits["nvidia.com/gpu"] == "1"
    assert pod.metadata.labels["component"] == "worker", "what network policies know"
    assert pod.spec.service_account_name == "airflow-gpu"


def test_kustomize_finds_a_missing_file(tmp_path: Path) -> None:
    rendered(GKE)
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    (tmp_path / "kubernetes" / "base" / "gpu-pool.yaml").unlink()
    said = attempt(["kubectl", "kustomize", tmp_path / "kubernetes" / "overlays" / "gke"])
    assert said.returncode != 0
    assert "gpu-pool.yaml" in said.stderr
    run(["kubectl", "kustomize", KUBERNETES / "base"])
