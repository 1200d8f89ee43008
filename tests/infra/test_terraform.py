"""Terraform without Google's provider: form, references, the provider's schema, and policies."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.terraform import columns, provider_schema
from schemas.layout import (
    WITHDRAWN_PREFIX,
    claim_key,
    clip_key,
    description_key,
    partition_prefix,
    published_key,
    shard_key,
    superseded_key,
)
from schemas.tables.derived_tables import ALL_TABLES
from tests.infra.lint_tools import INFRA, attempt, hcl, rendered, run, tools

TERRAFORM = INFRA / "terraform"
ENVIRONMENTS = ("dev", "prod")
META = {"count", "for_each", "depends_on", "lifecycle", "provider"}


@cache
def modules(folder: Path) -> dict[Path, dict[str, list[dict[str, Any]]]]:
    """The blocks of each folder of files, by their kind; named blocks are {name: body}."""
    files = sorted(folder.rglob("*.tf"))
    found: dict[Path, dict[str, list[dict[str, Any]]]] = {}
    for file, parsed in zip(files, hcl(files), strict=True):
        for kind, blocks in parsed.items():
            found.setdefault(file.parent, {}).setdefault(kind, []).extend(blocks)
    return found


def named(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """{name: body} of blocks with one label."""
    return {name: body for block in blocks for name, body in block.items()}


def problems(folder: Path) -> list[str]:
    """What `terraform validate` would say of references, variables, modules and arguments."""
    found = []
    for module, blocks in modules(folder).items():
        where = module.relative_to(folder)
        found += [
            f"{where}: {p}" for p in [*of_references(module, blocks), *of_calls(blocks, module)]
        ]
        for kind in ("resource", "data"):
            for block in blocks.get(kind, ()):
                ((type_, body),) = block.items()
                ((name, arguments),) = body.items()
                schema = SCHEMA[kind].get(type_)
                if schema is None:
                    found.append(f"{where}: {type_} is not in provider_schema.json")
                    continue
                found += [
                    f"{where}: {type_}.{name}{p}" for p in of_block(without_meta(arguments), schema)
                ]
    return found


SCHEMA = json.loads(provider_schema.FILE.read_text("utf-8"))


def without_meta(body: dict[str, Any]) -> dict[str, Any]:
    """A resource's own arguments, without those that Terraform gives every block."""
    return {name: value for name, value in body.items() if name not in META}


def of_block(body: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """Unknown and missing arguments of a block, at any depth."""
    known = {*schema["arguments"], *schema["required"], *schema["blocks"]}
    dynamic = {
        name: content["content"]
        for block in body.get("dynamic", ())
        for name, content in block.items()
    }
    given = {*body, *dynamic} - {"dynamic"}
    for name in sorted(given - known):
        yield f": no argument {name}"
    for name in sorted({*schema["required"]} - given):
        yield f": {name} is missing"
    for name, nested in schema["blocks"].items():
        for block in [*body.get(name, ()), *dynamic.get(name, ())]:
            if isinstance(block, dict):
                yield from (f".{name}{problem}" for problem in of_block(block, nested))


def of_references(module: Path, blocks: dict[str, Any]) -> Iterator[str]:
    """Names that are used and not there, or there and not used."""
    files = [file for file in module.glob("*.tf") if file.name != "variables.tf"]
    text = "\n".join(re.sub(r"(?m)^\s*#.*$", "", file.read_text("utf-8")) for file in files)
    used = set(re.findall(r"\bvar\.(\w+)", text))
    declared = named(blocks.get("variable", []))
    yield from (f"var.{name} is not declared" for name in sorted(used - set(declared)))
    yield from (f"variable {name} is not used" for name in sorted(set(declared) - used))
    for kind in ("variable", "output"):
        for name, body in named(blocks.get(kind, [])).items():
            if not body.get("description", [""])[0].endswith("."):
                yield f"{kind} {name} has no description"
    local = {name for block in blocks.get("locals", ()) for name in block}
    yield from (f"local.{n} is not there" for n in set(re.findall(r"\blocal\.(\w+)", text)) - local)
    there = {
        (prefix + type_, name)
        for kind, prefix in (("resource", ""), ("data", "data."))
        for block in blocks.get(kind, ())
        for type_, body in block.items()
        for name in body
    }
    for prefix, type_, name in re.findall(r"(\bdata\.)?\b(google_\w+)\.(\w+)", text):
        if (prefix + type_, name) not in there:
            yield f"{prefix}{type_}.{name} is not there"


def of_calls(blocks: dict[str, Any], module: Path) -> Iterator[str]:
    """Arguments of the modules that are called, and the outputs that are read."""
    text = "".join(file.read_text("utf-8") for file in module.glob("*.tf"))
    calls = named(blocks.get("module", []))
    for name, body in calls.items():
        called = modules(module.parents[1])
        target = called[(module / body["source"][0]).resolve()]
        variables = named(target.get("variable", []))
        given = set(without_meta(body)) - {"source"}
        yield from (f"module {name} takes no {a}" for a in sorted(given - set(variables)))
        needed = {v for v, b in variables.items() if "default" not in b}
        yield from (f"module {name} needs {a}" for a in sorted(needed - given))
        outputs = set(named(target.get("output", [])))
        read = set(re.findall(rf"\bmodule\.{name}(?:\[\*\])?\.(\w+)", text))
        yield from (f"module {name} gives no {o}" for o in sorted(read - outputs))


def test_format() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform here")
    run(["terraform", "fmt", "-check", "-recursive", TERRAFORM])
    badly = subprocess.run(
        ["terraform", "fmt", "-check", "-"],
        input='a   = "b"\nbb = 1\n',
        text=True,
        capture_output=True,
    )
    assert badly.returncode != 0


def test_every_name_is_there_and_every_argument_is_the_providers() -> None:
    assert len(modules(TERRAFORM)) == 10
    assert {(k, t) for k in SCHEMA for t in SCHEMA[k]} == provider_schema.used_types()
    assert problems(TERRAFORM) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("storage", "matches_prefix ", "matches_prefixs ", "lifecycle_rule.condition: no argument"),
        ("storage", "var.lake_bucket\n", "var.lake\n", "var.lake is not declared"),
        ("network", "  ip_cidr_range            = var.cidr\n", "", "variable cidr is not used"),
        ("network", "  router                             = google_compute_router.this.name\n", "",
         "google_compute_router_nat.this: router is missing"),
        ("identity", "google_service_account.this :", "google_service_account.that :",
         "google_service_account.that is not there"),
        ("bigquery", "local.tables", "local.table", "local.table is not there"),
        ("platform", "  cidr       = var.cidr", "  range      = var.cidr",
         "module network takes no range"),
        ("platform", "module.registry.name", "module.registry.id", "module registry gives no id"),
        ("composer", "image_version           = var", "image_versions          = var",
         "config.software_config: no argument image_versions"),
    ],
)  # fmt: skip
def test_a_typo_is_found(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    copy = tmp_path / "terraform"
    shutil.copytree(TERRAFORM, copy)
    main = copy / "modules" / file / "main.tf"
    text = main.read_text("utf-8")
    assert old in text
    main.write_text(text.replace(old, new, 1))
    assert any(said in problem for problem in problems(copy)), problems(copy)


def test_environments_are_pinned_and_keep_their_state_in_a_bucket() -> None:
    for name in ENVIRONMENTS:
        blocks = modules(TERRAFORM)[TERRAFORM / "envs" / name]
        (settings,) = blocks["terraform"]
        assert settings["required_providers"][0]["google"][0]["version"] == "~> 6.50"
        assert settings["backend"][0]["gcs"]["prefix"] == [f"af3-archive/{name}"]
        assert named(blocks["module"])["platform"]["environment"] == [name]
    for module, blocks in modules(TERRAFORM).items():
        assert "required_version" in blocks["terraform"][0], module


def test_lifecycle_and_access_follow_the_layout() -> None:
    storage = modules(TERRAFORM)[TERRAFORM / "modules" / "storage"]
    (lake,) = [b["google_storage_bucket"]["lake"] for b in storage["resource"] if "lake" in str(b)]
    assert lake["uniform_bucket_level_access"] == [True]
    assert lake["public_access_prevention"] == ["enforced"]
    rules = {
        str(rule["condition"][0].get("matches_prefix")): rule for rule in lake["lifecycle_rule"]
    }
    (claims,) = [rule for prefix, rule in rules.items() if "claims/" in prefix]
    assert (claims["condition"][0]["age"], claims["action"][0]["type"]) == ([1], ["Delete"])
    assert claim_key("annotate", "c").startswith("claims/")
    assert clip_key("r", "s", 0, 1).startswith("clips/")
    assert any("clips/" in prefix for prefix in rules)
    identity = modules(TERRAFORM)[TERRAFORM / "modules" / "identity"]
    folders = named(identity["variable"])["analyst_folders"]["default"][0]
    assert folders == [
        "tables/",
        "published/",
        "superseded/",
        "indexes/",
        "quality/",
        "descriptions/",
    ]
    assert partition_prefix("captions", "radio", "2026-11-01").startswith(folders[0])
    assert 2 * len(folders) - 1 <= 12, "operators of a condition of IAM, of one prefix"
    assert published_key("radio", "2026-11-01").startswith(folders[1])
    shard = shard_key("captions", "radio", "2026-11-01", 0, 1)
    assert superseded_key(shard, "1").startswith(folders[2])
    assert description_key("radio", "2026-11-01", "r", "d").startswith(folders[5])
    # a tombstone is read by whoever reads tables
    assert WITHDRAWN_PREFIX in str(identity["locals"])
    granted = [b.get("google_storage_bucket_iam_member", {}) for b in identity["resource"]]
    [withdrawn] = [b["analysts_withdrawn"] for b in granted if "analysts_withdrawn" in b]
    assert '["withdrawn"]' in withdrawn["condition"][0]["expression"][0]


def test_tables_of_bigquery_are_those_of_the_product() -> None:
    assert columns.FILE.read_text("utf-8") == columns.as_text(), "python -m infra.terraform.columns"
    tables = json.loads(columns.as_text())
    assert list(tables) == [table.name for table in ALL_TABLES]
    recordings = {c["name"]: c for c in tables["recordings"]["columns"]}
    assert recordings["modified_at"]["type"] == "TIMESTAMP"
    assert recordings["duplicate_uris"]["mode"] == "REPEATED"
    assert [f["name"] for f in recordings["skipped"]["fields"]] == ["reason", "duration_ms"]


def findings(folder: Path) -> list[str]:
    """What checkov finds in the images, Terraform and manifests of a folder."""
    frameworks = ["dockerfile", "terraform", "kubernetes", "secrets"]
    command = [tools() / "checkov", "-d", folder, "--framework", *frameworks, "--quiet"]
    command += ["--skip-download", "-o", "json"]
    command += ["--config-file", INFRA / "kubernetes" / "checkov.yaml"]
    reports = json.loads(attempt(command).stdout)
    assert {*frameworks} - {"secrets"} <= {report["check_type"] for report in reports}
    return sorted(
        f"{check['check_id']} of {check['resource']}"
        for report in reports
        for check in report["results"]["failed_checks"]
    )


def test_policies_hold_and_can_fail(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    for name in ("images", "terraform"):
        shutil.copytree(INFRA / name, good / name)
    (good / "rendered.yaml").write_text(rendered(INFRA / "kubernetes" / "overlays" / "gke"))
    for name in ("gpu-pod.yaml", "pools-job.yaml"):
        shutil.copy(INFRA / "kubernetes" / "airflow" / name, good)
    worse = {
        "images/gpu-worker.Dockerfile": ("FROM", "# checkov:skip=CKV_DOCKER_2:\nEXPOSE 22\nFROM"),
        "terraform/modules/storage/main.tf": ('"enforced"', '"inherited"'),
        "kubernetes/base/cpu-pool.yaml": ("readOnlyRootFilesystem: true", "privileged: true"),
    }
    for file, (old, new) in worse.items():
        (bad / file).parent.mkdir(parents=True)
        text = (INFRA / file).read_text("utf-8")
        assert old in text
        (bad / file).write_text(text.replace(old, new))
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3\n"  # in two, for scanners of us
    (bad / "key.yaml").write_text(key)
    with ThreadPoolExecutor() as pool:
        of_good, of_bad = pool.map(findings, (good, bad))
    assert of_good == []
    assert {
        "CKV_DOCKER_1",
        "CKV_GCP_114",
        "CKV_K8S_16",
        "CKV_K8S_22",
        "CKV_SECRET_13",
    } <= {found.split()[0] for found in of_bad}
