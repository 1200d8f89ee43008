"""What several tests need: a checkpoint that is quick to ask."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from af3core.nano.model import new_model, save_checkpoint
from af3core.nano.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nano's architecture with random weights: for what does not depend on the words."""
    folder = tmp_path_factory.mktemp("untrained")
    torch.manual_seed(1)
    tokenizer = train_tokenizer()
    save_checkpoint(new_model(tokenizer), tokenizer, folder)
    return folder
