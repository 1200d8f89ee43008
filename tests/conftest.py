"""What several tests need: a checkpoint that is quick to ask; and how tests share the cores."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import servers
from tests.distribution import GroupScheduling, begin_with_servers
from tests.made_once import made_once
from tests.temporary_folder import in_memory

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# before anything imports torch, which is imported below where it is needed, as the process that
# hands tests out needs none: tests run side by side, and threads that wait for each other on
# busy cores take ten times as long; programs that tests start inherit it
os.environ.setdefault("OMP_NUM_THREADS", "1")
# no test asks a server outside of this machine; without a network each question takes 24 s
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# hundreds of tests start Python: what one has compiled, the others need not compile again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

AIRFLOW_TIMEOUT_S = 1200
"""Such a test waits for several nights, each of which may take as long as another test."""


def pytest_configure(config: pytest.Config) -> None:
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if config.getoption("numprocesses", None) and not is_worker:
        memory = ExitStack()
        memory.enter_context(in_memory())
        config.add_cleanup(memory.close)
    for name, meaning in servers.SERVERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.addinivalue_line("markers", f"{servers.ANY}: has one of the markers of tests/servers.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        servers.mark_needs(item)
        if item.get_closest_marker("airflow"):
            item.add_marker(pytest.mark.timeout(AIRFLOW_TIMEOUT_S))
    begin_with_servers(items)


def pytest_collection_finish() -> None:
    """What was imported stays: a collection of garbage need not walk through it each time."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Libraries that count what they leave behind find nothing."""
    gc.unfreeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    servers.set_running(item)
    try:
        return (yield)
    finally:
        servers.set_running(None)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `made_once`, the same in all workers of a run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def untrained(shared: Path) -> Path:
    """Nano's architecture with random weights: for what does not depend on the words."""

    def make(folder: Path) -> None:
        import torch

        from af3core.nano.model import new_model, save_checkpoint
        from af3core.nano.tokenizer import train_tokenizer

        torch.manual_seed(1)
        tokenizer = train_tokenizer()
        save_checkpoint(new_model(tokenizer), tokenizer, folder)

    return made_once(shared, "untrained", make)


@pytest.fixture
def tokenizer(untrained: Path) -> PreTrainedTokenizerFast:
    """Nano's, without the seconds that its making takes."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(untrained)
