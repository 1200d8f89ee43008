"""Airflow on several hosts: one with scheduler, server, database, broker and bucket; workers.

The workers reach the first host by its address and nothing else: no database, no common launches.
What they share lies in the bucket.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery

from af3core.storage.address import store_at
from infra.local_airflow import ROOT
from infra.local_buckets import VARIABLE, serving
from schemas import layout
from tests.chat_server import Server, chat_server
from tests.dags.corpora import served
from tests.dags.hosts import Host, Network, network
from tests.dags.site import Site, free_port
from tests.dags.webhook import listening
from tests.storage_server import BUCKET, found_at, upload

GPU_QUEUE = "gpu"
POLICY = ROOT / "infra" / "images"
"""Holds the cluster policy which sends tasks that wait for a GPU to that queue."""
SLOTS = "1"
"""Tasks of a worker at once: parts that run at once are on as many hosts."""


@dataclass(frozen=True)
class Cluster:
    """A site whose tasks run on `workers` and ask `model`; archives and tables lie in a bucket."""

    site: Site
    network: Network
    broker: str
    model: Server
    workers: list[Host] = field(default_factory=list)

    def add_corpus(self, name: str, **keys: Any) -> Path:
        """Write a corpus file; gives the folder of recordings for `upload_archive`."""
        addresses = {"source": source_of(name), "out": out_of(name)}
        return self.site.add_corpus(name, model=served(self.model), **addresses, **keys)

    def upload_archive(self, corpus: str) -> None:
        folder = self.site.archive(corpus)
        upload(folder, folder.rglob("*"), f"archive/{corpus}")

    def add_worker(self) -> Host:
        """Start one more worker."""
        home = self.site.folder / "host"
        folder = self.site.folder / f"disk-{len(self.workers)}"
        host = self.network.add_host(folder, home)
        environment = {**self.site.airflow.environment, "AIRFLOW_HOME": str(home)}
        del environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        command = [sys.executable, "-m", "airflow", "celery", "worker"]
        host.start([*command, "--queues", f"default,{GPU_QUEUE}"], environment)
        self.workers.append(host)
        return host

    def wait_for_workers(self) -> None:
        """Wait until every worker answers."""
        self.site.until(lambda: len(self.answering()) == len(self.workers))

    def answering(self) -> set[str]:
        """Addresses of the workers that answer."""
        with Celery(broker=self.broker) as app:
            names = [name for answer in app.control.ping(timeout=1.0) for name in answer]
        return {name.removeprefix("celery@") for name in names}

    def worker(self, address: str) -> Host:
        (host,) = (worker for worker in self.workers if worker.address == address)
        return host

    def answered(self, corpus: str) -> dict[str, str]:
        """Clip and state of every object of answers: one that is made again has another state."""
        store = store_at(out_of(corpus))
        keys = [key for found in store.walk(["ledger/annotate/"]) for key in found]
        stamps = zip(keys, store.stamps(keys), strict=True)
        return {layout.clip_of_annotated_key(key): stamp or "" for key, stamp in stamps}


def source_of(corpus: str) -> str:
    return f"gs://{BUCKET}/archive/{corpus}"


def out_of(corpus: str) -> str:
    return f"gs://{BUCKET}/out/{corpus}"


@contextmanager
def cluster(checkpoint: Path) -> Iterator[Cluster]:
    """A cluster that is not started yet, so that corpora can be added."""
    with ExitStack() as stack:
        # PostgreSQL's socket needs a short path that another user may read
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="af3-")))
        joined = stack.enter_context(network())
        broker = stack.enter_context(redis(joined.address, folder))
        storage = stack.enter_context(serving([BUCKET], host=joined.address))
        stack.enter_context(found_at(storage))
        webhook = stack.enter_context(listening())
        model = stack.enter_context(chat_server(joined.address))
        settings = {VARIABLE: storage, "PYTHONPATH": str(POLICY), **celery_settings(broker)}
        site = Site(folder, checkpoint, webhook, joined.address, settings)
        stack.callback(site.airflow.stop)
        yield Cluster(site, joined, broker, model)


def celery_settings(broker: str) -> dict[str, str]:
    """What makes Airflow's tasks go to workers by Redis; results too: workers need no database."""
    options = {
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "CELERY__BROKER_URL": f"{broker}/0",
        "CELERY__RESULT_BACKEND": f"{broker}/1",
        "CELERY__WORKER_CONCURRENCY": SLOTS,
        "CELERY__OPERATION_TIMEOUT": "10",
    }
    return {f"AIRFLOW__{name}": value for name, value in options.items()}


@contextmanager
def redis(host: str, folder: Path) -> Iterator[str]:
    """A broker in memory while the body runs; gives its address."""
    port = free_port(host)
    command = ["redis-server", "--bind", host, "--port", str(port), "--protected-mode", "no"]
    command += ["--save", "", "--dir", str(folder), "--logfile", str(folder / "redis.log")]
    try:
        process = subprocess.Popen(command, start_new_session=True)
    except FileNotFoundError as error:
        raise AssertionError("redis-server is missing: apt-get install redis-server") from error
    try:
        yield f"redis://{host}:{port}"
    finally:
        process.terminate()
        process.wait()
