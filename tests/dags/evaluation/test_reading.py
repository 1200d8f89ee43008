"""The gate's file: read strictly, and never taken for open where its path is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from dags.evaluation.gate import Chosen, Gate
from dags.evaluation.reading import read_gate

ROOT = Path(__file__).parents[3]
MINIMAL = "out: /media/evaluated\nbenchmarks: {nothing: {}}\n"


def read(folder: Path, text: str, **environment: str) -> Gate | None:
    path = folder / "evaluation.yaml"
    path.write_text(text)
    return read_gate({"AF3_EVALUATION": str(path), **environment})


def test_a_gate_needs_out_and_one_benchmark(tmp_path: Path) -> None:
    gate = read(tmp_path, MINIMAL)
    assert gate == Gate("/media/evaluated", {"nothing": Chosen()})
    assert (gate.max_drop, gate.pool, gate.runner.kind) == (1.0, "gpu", "local")


def test_everything_can_be_set(tmp_path: Path) -> None:
    gate = read(
        tmp_path,
        """\
out: gs://tables/evaluated
benchmarks:
  mmar: {data: "${DATA}/MMAR", thinking: true, limit: 200}
  audiobench-open: {data: /data/open, judge: gpt-4o, judge_endpoint: "https://judge/v1"}
  nothing: {}
max_drop: 0.5
owner: models
pool: a100
device: cuda
batch_tokens: 32768
runner: {python: /opt/jobs/bin/python, gpu_options: {direct_num_workers: "1"}}
retries: {count: 1}
alerts: {webhook: "http://chat/hook"}
""",
        DATA="/data",
    )
    assert gate is not None
    assert list(gate.benchmarks) == ["mmar", "audiobench-open", "nothing"]
    assert gate.benchmarks["mmar"] == Chosen(data="/data/MMAR", thinking=True, limit=200)
    assert gate.benchmarks["audiobench-open"].judge == "gpt-4o"
    assert (gate.max_drop, gate.pool, gate.batch_tokens) == (0.5, "a100", 32_768)


def test_without_a_file_there_is_no_gate() -> None:
    assert not (ROOT / "dags" / "evaluation.yaml").exists()
    assert read_gate({}) is None


def test_a_gate_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="AF3_EVALUATION names it: mend the path, or unset"
    ):
        read_gate({"AF3_EVALUATION": str(tmp_path / "evaluation.yml")})


def test_the_example_can_be_read() -> None:
    path = ROOT / "dags" / "evaluation.example.yaml"
    gate = read_gate({"AF3_EVALUATION": str(path), "AF3_HOME": "/home/af3"})
    assert gate is not None
    assert (gate.out, list(gate.benchmarks)) == (
        "/home/af3/evaluated",
        ["nothing", "mmar", "mmau-test-mini"],
    )
    assert gate.benchmarks["mmau-test-mini"] == Chosen(
        data="gs://archive-benchmarks/mmau", thinking=True, limit=500
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the gate needs at least the keys out and benchmarks; see dags/README.md"),
        ("out: /a\n", "1: key 'benchmarks' is missing"),
        ("out: /a\nbenchmarks: {}\n", "1: benchmarks: name one at least, such as nothing: {}"),
        ("out: /a\nbenchmarks: [mmar]\n", "2: benchmarks must map names to keys"),
        ("out: /a\nbenchmarks:\n  mmar:\n", "3: benchmarks: mmar needs keys below it"),
        ("out: /a\nbenchmarks:\n  mmar: {dta: /b}\n", "3: benchmarks: mmar: unknown key 'dta'"),
        ("out: /a\nbenchmarks:\n  mmar: {limit: -1}\n", "3: benchmarks: mmar: limit -1: must be 0"),
        ("out: /a\nbenchmarks:\n  mmar: {limit: few}\n", "3: benchmarks: mmar: limit must be a"),
        ("out: /a\nbenchmarks:\n  a: {}\n  a: {}\n", "4: benchmarks: key 'a' stands twice"),
        ("out: /a\nbenchmarks:\n  m: {judge: x}\n", "judge and judge_endpoint go together"),
        ("out: /a\nbenchmarks: {MMAR: {}}\n", "'MMAR' is no name of one; af3 evaluate list shows"),
        (MINIMAL + "max_drop: -1\n", "max_drop -1: must be 0 or more"),
        (MINIMAL + "max_drop: .nan\n", "max_drop nan: must be 0 or more"),
        (MINIMAL + "maxdrop: 1\n", "3: unknown key 'maxdrop'; known are out, benchmarks, max_drop"),
        (MINIMAL + "runner: {parts: 2}\n", "runner: parts: a benchmark is one task; leave parts"),
        ("out: ${NOWHERE}\n", "1: ${NOWHERE} is no environment variable of Airflow's"),
        (
            "out: gs://a\nbenchmarks: {mmar: {thinking: true}}\nrunner: {kind: dataflow, dataflow:"
            " {project: p, region: r, templates: gs://t}}\n",
            "mmar: thinking is no parameter of Dataflow's templates; leave it out, or use runner",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/evaluation.yaml:")
    assert message in str(caught.value)
