"""Airflow on one machine, with PostgreSQL: `make airflow`.

For looking and for tests, not for production: all processes of one user, on the loopback address.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from infra.demo_days import make_demo_days
from infra.local_postgres import LocalPostgres, NotStarted

ROOT = Path(__file__).parents[1]
COMPONENTS = ("api-server", "dag-processor", "triggerer", "scheduler")
"""In the order of their start: the scheduler sends tasks, which ask the API server first."""
ROLES = {"admin": "admin", "operator": "op", "viewer": "viewer"}
SERVES_LOGS = ("scheduler", "triggerer")
"""Components with a server of logs, on all addresses; here the API server reads the files."""
_MARK = "AF3_LOCAL_AIRFLOW"
_SAY_EVERY_S = 15.0
_STOP_S = 5.0
_ANSWER_S = 60.0
_LOG_TAIL = 2000


class Interrupted(Exception):
    """Somebody wants the start to end."""


@dataclass
class LocalAirflow:
    """Airflow's four components and a database, all below one folder.

    Args:
        home: Airflow's home; database, logs, passwords and launches lie there too.
        port: of the UI.
        host: address that the UI and the workers' interface listen at.
        settings: more environment variables, for the components and for corpora. They win, so that
            `AIRFLOW__CORE__EXECUTOR` and what belongs to it make another executor.
        interrupt: set by whoever wants a start to end.
    """

    home: Path
    port: int = 8080
    host: str = "127.0.0.1"
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    interrupt: threading.Event = field(default_factory=threading.Event)
    database: LocalPostgres = field(init=False)

    def __post_init__(self) -> None:
        self.database = LocalPostgres(self.home / "postgres")

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def passwords(self) -> dict[str, str]:
        """Password by user, as it was made at the first start."""
        known: dict[str, str] = json.loads(self._passwords_path.read_text())
        return known

    @property
    def _passwords_path(self) -> Path:
        return self.home / "passwords.json"

    def _make_passwords(self) -> None:
        if not self._passwords_path.exists():
            made = {user: secrets.token_urlsafe(9) for user in ROLES}
            self._passwords_path.write_text(json.dumps(made))
            self._passwords_path.chmod(0o600)

    def start(self) -> None:
        """Start the database, bring it up to date, start all components and wait for them.

        However long they take: a slow machine is no error, a component that ends is one. What is
        waited for is said on stderr.

        Raises:
            NotStarted: the database or a component did not come up; the message names its log.
            Interrupted: `interrupt` was set.
        """
        self._check_port()
        self.home.mkdir(parents=True, exist_ok=True)
        self._make_passwords()
        self.database.start()
        self.environment = self._environment(self.database.uri("psycopg2"))
        self.airflow("db", "migrate")
        self.start_components()
        self.add_pool("gpu", 1, "GPUs for annotate; one slot each")

    def start_components(self) -> None:
        """Start those that do not run, the scheduler once the API server answers; wait for all.

        Raises:
            NotStarted: one ended; the message names its log.
            Interrupted: `interrupt` was set.
        """
        for name in COMPONENTS:
            if name == "scheduler":
                self.wait_for("metadatabase")
            if name not in self.processes or self.processes[name].poll() is not None:
                self.start_component(name)
        self.wait_for("metadatabase", "scheduler", "dag_processor", "triggerer")

    def token(self, user: str) -> str:
        """What a user's requests to the API carry as `Authorization: Bearer`."""
        credentials = {"username": user, "password": self.passwords[user]}
        answer = httpx.post(f"{self.url}/auth/token", json=credentials, timeout=_ANSWER_S)
        return str(answer.raise_for_status().json()["access_token"])

    def add_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool where there is none of this name; the command `airflow pools` takes seconds.

        Raises:
            NotStarted: Airflow refuses it.
        """
        answer = httpx.post(
            f"{self.url}/api/v2/pools",
            headers={"Authorization": f"Bearer {self.token('admin')}"},
            json={"name": name, "slots": slots, "description": description},
            timeout=_ANSWER_S,
        )
        if not answer.is_success and answer.status_code != httpx.codes.CONFLICT:
            raise NotStarted(f"the pool {name} cannot be made: {answer.text}")

    def start_component(self, name: str) -> None:
        """Start one of `COMPONENTS` in a session of its own; its output goes to a log."""
        command = [sys.executable, "-m", "airflow", name]
        command += ["--skip-serve-logs"] if name in SERVES_LOGS else []
        with self.log_of(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self.environment,
            )

    def log_of(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def ended(self, name: str) -> str:
        """What to say of a component that has ended: the end of its log says why."""
        last = self.log_of(name).read_text(errors="replace")[-_LOG_TAIL:]
        return f"{name} ended; see {self.log_of(name)}:\n{last}"

    def airflow(self, *arguments: str) -> str:
        """Run an `airflow` command to its end; gives its output.

        Raises:
            NotStarted: it failed.
        """
        command = [sys.executable, "-m", "airflow", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise NotStarted(f"airflow {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def stop(self) -> None:
        """End the components, whatever they started, and the database."""
        for process in self.processes.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline and any(
            process.poll() is None for process in self.processes.values()
        ):
            time.sleep(0.1)
        for orphan in self._all_processes():
            try:
                orphan.kill()
            except psutil.NoSuchProcess:
                continue
        self.database.stop()

    def _check_port(self) -> None:
        with socket.socket() as probe:
            if probe.connect_ex((self.host, self.port)) == 0:
                raise NotStarted(
                    f"port {self.port} is in use; choose another: AIRFLOW_PORT=8081 make airflow"
                )

    def _all_processes(self) -> list[psutil.Process]:
        """Every process that descends from a component: Airflow's by session, jobs by mark.

        Airflow writes titles over its processes' environment; jobs have sessions of their own.
        """
        sessions = {process.pid for process in self.processes.values()}
        found = []
        for process in psutil.process_iter():
            try:
                ours = os.getsid(process.pid) in sessions
                if ours or process.environ().get(_MARK) == str(self.home):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def wait_for(self, *parts: str) -> None:
        """Wait until these parts of Airflow's health are well; the first is the API server's too.

        Raises:
            NotStarted: a component ended; the message names its log.
            Interrupted: `interrupt` was set.
        """
        begun = said = time.monotonic()
        while missing := sorted(set(parts) - self._healthy()):
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise NotStarted(self.ended(name))
            if self.interrupt.wait(0.5):
                raise Interrupted
            if time.monotonic() - said >= _SAY_EVERY_S:
                said = time.monotonic()
                waited_for = ", ".join(missing).replace("metadatabase", "API server")
                print(f"… {said - begun:.0f} s: waiting for {waited_for}", file=sys.stderr)

    def _healthy(self) -> set[str]:
        """The parts of Airflow that say of themselves that they are well; none without an answer.

        The API server is asked, so that its own part is the database.
        """
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5.0)
            parts = dict(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError):
            return set()
        return {name for name, part in parts.items() if part["status"] == "healthy"}

    def _environment(self, database: str) -> dict[str, str]:
        users = ",".join(f"{user}:{role}" for user, role in ROLES.items())
        secret = self._secret()
        options = {
            "CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": users,
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._passwords_path),
            "DATABASE__SQL_ALCHEMY_CONN": database,
            "API__HOST": self.host,
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secret,
            "API_AUTH__JWT_SECRET": secret,
            "WORKERS__MAX_FAILED_HEARTBEATS": "200",  # half an hour
            "DAG_PROCESSOR__REFRESH_INTERVAL": "20",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "20",
        }
        return {
            **os.environ,
            "AIRFLOW_HOME": str(self.home),
            "AF3_HOME": str(self.home / "data"),
            _MARK: str(self.home),
            **{f"AIRFLOW__{name}": value for name, value in options.items()},
            **self.settings,
        }

    def _secret(self) -> str:
        path = self.home / "secret"
        if not path.exists():
            path.write_text(secrets.token_hex(48))
            path.chmod(0o600)
        return path.read_text()


def main() -> int:
    """Run until Ctrl-C."""
    home = Path(os.environ.get("AIRFLOW_HOME") or ROOT / "airflow-home").absolute()
    airflow = LocalAirflow(home, int(os.environ.get("AIRFLOW_PORT", "8080")))
    stop = airflow.interrupt
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    yesterday = datetime.date.today() - datetime.timedelta(days=1)
    days = make_demo_days(home / "data" / "archive", yesterday)
    print("Starting PostgreSQL and Airflow (half a minute, the first time a minute) …", flush=True)
    try:
        airflow.start()
        print(_greeting(airflow, days), flush=True)
        while not stop.wait(1.0):
            for name, process in airflow.processes.items():
                if process.poll() is not None:
                    raise NotStarted(airflow.ended(name))
    except Interrupted:
        return 0
    except NotStarted as error:
        if stop.is_set():  # the interrupt reached a command of the start itself
            return 0
        print(f"make airflow: {error}", file=sys.stderr)
        return 1
    finally:
        print("Stopping …", flush=True)
        airflow.stop()
    return 0


def _greeting(airflow: LocalAirflow, days: list[str]) -> str:
    users = [f"  {user:<9} {password}" for user, password in airflow.passwords.items()]
    lines = [
        f"Airflow is ready: {airflow.url}",
        "",
        "  user      password",
        *users,
        "",
        f"Recordings of ten days, {days[0]} to {days[-1]}: open annotate__demo_radio, Trigger,"
        " Backfill.",
        f"Tables: af3 query --out {airflow.home / 'data' / 'annotated'}",
        f"Logs: {airflow.home}/*.log",
        "Ctrl-C stops everything; the next start goes on from here.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
