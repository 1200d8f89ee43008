"""A job's report as a page of Airflow's own server: the target of the task's button "Report".

The report of the task `report` leads on to the night's report, which is read from where it lies.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk.configuration import conf

from af3core.errors import Af3Error
from af3core.storage.address import split_object
from schemas import layout

if TYPE_CHECKING:
    from fastapi import FastAPI

ROUTE = "/af3"
_MS_PER_HOUR = 3_600_000
_POLICY = "sandbox; default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
"""The night's report comes from storage: on Airflow's address it may run and load nothing."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600 }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem .3rem 0; vertical-align: top }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
"""


def report_page(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
    """The page's address; a task that is split into parts has a page for each."""
    base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
    path = "/".join(quote(part, safe="") for part in (dag_id, run_id, task_id))
    part = "" if map_index < 0 else f"?map_index={map_index}"
    return f"{base}{ROUTE}/report/{path}{part}"


def make_app() -> FastAPI:
    """The pages; who may see the DAG's results in Airflow may see its reports."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import HTMLResponse, Response

    app = FastAPI(title="af3 reports", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get(
        "/report/{dag_id}/{run_id}/{task_id}",
        response_class=HTMLResponse,
        dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))],
    )
    def report(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
        value = _result(dag_id, run_id, task_id, map_index)
        if not isinstance(value, dict):
            raise HTTPException(404, "this task has left no report; its log says why")
        return render(value, dag_id, run_id)

    @app.get(
        "/night/{dag_id}/{run_id}/{task_id}",
        dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))],
    )
    def night(dag_id: str, run_id: str, task_id: str) -> Response:
        try:
            page = night_page(_result(dag_id, run_id, task_id, -1))
        except Af3Error as error:
            raise HTTPException(502, str(error)) from error
        if page is None:
            raise HTTPException(404, "this task has left no page, or it is deleted")
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    return app


def night_page(report: Any) -> bytes | None:
    """The night's report that a job's report names; None where there is none.

    Raises:
        Af3Error: it cannot be read.
    """
    facts = report.get("facts", {}) if isinstance(report, dict) else {}
    address = str(facts.get("page", ""))
    key = layout.report_page_key(str(report["corpus"]), str(report["run_id"])) if address else ""
    if not address or not address.endswith(f"/{key}"):
        return None
    store, name = split_object(address)
    return store.read(name)


def render(report: dict[str, Any], dag_id: str, run_id: str) -> str:
    """The page of one report. Pure."""
    facts = dict(report.get("facts", {}))
    head = {
        "corpus": report.get("corpus"),
        "archive days": f"{report.get('since')} to {report.get('until')}",
        "started": report.get("started_at"),
        "took": f"{report.get('seconds')} s",
        "run": run_id,
    }
    title = html.escape(f"{report.get('job')}: {report.get('corpus')}, {report.get('since')}")
    dag, run = quote(dag_id, safe=""), quote(run_id, safe="")
    links = [(f"/dags/{dag}/runs/{run}/", "the run in Airflow")]
    if facts.get("page"):
        links.insert(0, (f"{ROUTE}/night/{dag}/{run}/report", "the night's report"))
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        "<meta name='viewport' content='width=device-width'>"
        f"<style>{_STYLE}</style><h1>{title}</h1>{_table(head)}"
        f"<h2>Facts</h2>{_table(facts)}"
        + "".join(
            f"<p><a href='{html.escape(to)}'>{html.escape(name)}</a></p>" for to, name in links
        )
    )


def _table(values: dict[str, Any]) -> str:
    rows = (
        f"<tr><th>{html.escape(_name(name))}<td>{html.escape(_shown(name, value))}"
        for name, value in values.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _name(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ")


def _shown(name: str, value: Any) -> str:
    if value is None or value in ({}, [], ""):
        return "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(name, item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    if name.endswith("_ms") and isinstance(value, int):
        return f"{value / 1000:,.1f} s ({value / _MS_PER_HOUR:.2f} h)"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _result(dag_id: str, run_id: str, task_id: str, map_index: int) -> Any:
    """The task's result as Airflow keeps it."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.scalars(
            XComModel.get_many(
                key="return_value",
                run_id=run_id,
                dag_ids=dag_id,
                task_ids=task_id,
                map_indexes=map_index,
            ).limit(1)
        ).first()
        return None if found is None else XComModel.deserialize_value(found)
