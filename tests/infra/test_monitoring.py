"""Monitoring: each file read by the program that it is for, and one set of names in all of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from dags.launch.metrics import CORPUS, METRICS, PART, RUN_TYPE, TASK
from tests.infra.lint_tools import INFRA, ROOT, attempt, run
from tests.monitoring import FOLDER, program, promtool
from tests.servers import needs

NAMES = {metric.prometheus_name for metric in METRICS}
_NAME = re.compile(r"\baf3[_:]\w+")


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    return read


def questions() -> list[str]:
    return [t["expr"] for panel in dashboard()["panels"] for t in panel["targets"]]


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"]
    return list(group["rules"])


def test_dashboard_and_rules_ask_for_what_is_sent_and_for_all_of_it() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = set(_NAME.findall(" ".join([*questions(), *(rule["expr"] for rule in rules())])))
    assert asked == NAMES | recorded
    of_panels = set(_NAME.findall(" ".join(questions())))
    # failed audio is shown as hours and as a share, the last day by its recorded form
    assert NAMES - of_panels == {"af3_complete_day_seconds"}


def test_labels_that_are_asked_for_are_sent() -> None:
    asked = " ".join([*questions(), *(rule["expr"] for rule in rules())])
    grouped = {
        n.strip() for names in re.findall(r"by \(([^)]*)\)", asked) for n in names.split(",")
    }
    matched = {name for label in re.findall(r"\{([^}]*)\}", asked) for name in
               re.findall(r"(\w+)\s*=", label)}  # fmt: skip
    assert grouped | matched <= {CORPUS, RUN_TYPE, TASK, PART}


def test_the_page_has_each_metric_and_each_alert() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    said = dict(re.findall(r"(?m)^\| `(af3\.\w+)` \| .* \| (.*) \|$", text))
    assert said == {metric.sent_as: metric.meaning for metric in METRICS}
    alerts = re.findall(r"(?m)^\| `(Af3\w+)` \|", text)
    assert alerts == [rule["alert"] for rule in rules() if "alert" in rule]
    assert len(alerts) == 9


def test_each_alert_says_what_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
            assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_panels_have_places_and_sources_of_their_own() -> None:
    board = dashboard()
    places = [tuple(panel["gridPos"][k] for k in "xy") for panel in board["panels"]]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in board["panels"]}) == 11
    for panel in board["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}", "no data source of one site"
    assert [v["name"] for v in board["templating"]["list"]] == ["datasource", "corpus"]


def test_the_helm_chart_and_the_exporter_map_names_alike() -> None:
    mapped = yaml.safe_load((FOLDER / "statsd-mapping.yml").read_text("utf-8"))["mappings"]
    values = INFRA / "kubernetes" / "airflow" / "values.yaml"
    assert yaml.safe_load(values.read_text("utf-8"))["statsd"]["extraMappings"] == mapped


@pytest.mark.monitoring
def test_each_alert_fires_where_it_should_and_a_wrong_rule_is_found(tmp_path: Path) -> None:
    needs("monitoring")
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    run([promtool(), "check", "config", tmp_path / "prometheus.yml"])
    tests = [promtool(), "test", "rules", str(tmp_path / "rules.test.yml")]
    run(tests)
    tested = (tmp_path / "rules.test.yml").read_text("utf-8")
    assert {r["alert"] for r in rules() if "alert" in r} <= set(re.findall(r"Af3\w+", tested))
    text = (tmp_path / "rules.yml").read_text("utf-8")
    for limit in ("> 3\n", "== 1 or", "> 0.1\n", "< 0.2 and", "absent_over_time(", "> 6 * 3600"):
        assert limit in text
        worse = {"absent_over_time(": "count_over_time("}.get(
            limit, limit.replace(" ", " 1e9 * ", 1)
        )
        (tmp_path / "rules.yml").write_text(text.replace(limit, worse))
        assert attempt(tests).returncode != 0, limit
    (tmp_path / "rules.yml").write_text(
        text.replace("max by (corpus) (max_", "max by corpus (max_")
    )
    assert attempt([promtool(), "check", "rules", tmp_path / "rules.yml"]).returncode != 0


@pytest.mark.monitoring
def test_prometheus_parses_each_question_of_the_dashboard(tmp_path: Path) -> None:
    needs("monitoring")
    asked = [
        {"record": f"panel:{n}", "expr": question.replace("$corpus", ".*")}
        for n, question in enumerate(questions())
    ]
    file = tmp_path / "questions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": asked}]}))
    assert f"{len(asked)} rules found" in run([promtool(), "check", "rules", file])
    file.write_text(file.read_text().replace("by (corpus", "by (corpus(", 1))
    assert attempt([promtool(), "check", "rules", file]).returncode != 0


@pytest.mark.monitoring
def test_the_exporter_takes_the_mapping_and_refuses_a_typo(tmp_path: Path) -> None:
    needs("monitoring")
    exporter = program("statsd_exporter", "make monitoring-tools (needs Go)")
    mapping = FOLDER / "statsd-mapping.yml"
    run([exporter, "--check-config", f"--statsd.mapping-config={mapping}"])
    (tmp_path / "wrong.yml").write_text(mapping.read_text("utf-8").replace("af3_$2", "af3 $2"))
    wrong = f"--statsd.mapping-config={tmp_path / 'wrong.yml'}"
    assert attempt([exporter, "--check-config", wrong]).returncode != 0


def test_grafana_is_given_what_is_there() -> None:
    for path in (FOLDER / "grafana").iterdir():
        assert yaml.safe_load(path.read_text("utf-8"))["apiVersion"] == 1
    (source,) = yaml.safe_load((FOLDER / "grafana" / "datasources.yml").read_text())["datasources"]
    compose = yaml.safe_load((INFRA / "compose" / "docker-compose.yml").read_text("utf-8"))
    assert source["url"] == "http://prometheus:9090"
    mounted = [
        volume.split(":")[0]
        for name in ("statsd-exporter", "prometheus", "grafana")
        for volume in compose["services"][name]["volumes"]
        if volume.startswith("..")
    ]
    assert len(mounted) == 6
    for source_path in mounted:
        assert (INFRA / "compose" / source_path).is_file(), source_path
