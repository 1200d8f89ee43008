"""The model as the options name it, and what of it is on this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from af3core.model.engines.engine_registry import EngineName
from af3core.model.weights.checkpoint import NANO, nano_folder
from af3core.storage.address import is_bucket
from schemas.options.night import DEFAULT_PROMPT_FORM, DtypeName, PromptFormName, ServerName


@dataclass(frozen=True)
class ModelChoice:
    """The options of the model."""

    model: str
    model_revision: str | None
    engine: EngineName
    dtype: DtypeName
    device: str
    batch_tokens: int
    endpoint: str = ""
    server: ServerName = "auto"
    prompt_form: PromptFormName = DEFAULT_PROMPT_FORM
    think_model: str | None = None
    think_model_revision: str | None = None

    @property
    def thinking(self) -> ModelChoice | None:
        """The whole checkpoint that thinks beside the model, as a choice of its own."""
        if not self.think_model:
            return None
        return replace(
            self,
            model=self.think_model,
            model_revision=self.think_model_revision,
            think_model=None,
            think_model_revision=None,
        )

    @property
    def is_hub_id(self) -> bool:
        return not (self.model == NANO or Path(self.model).is_dir() or is_bucket(self.model))

    def folder_here(self) -> Path | None:
        """Its files on this machine; None where they would be fetched first. Fetches nothing."""
        if self.model == NANO:
            return nano_folder()
        if Path(self.model).is_dir():
            return Path(self.model)
        return _cached(self.model, self.model_revision) if self.is_hub_id else None

    def folders_here(self) -> dict[str, Path]:
        """The folders of the model and of what thinks beside it, by name; none where one of them
        would be fetched first.
        """
        choices = [self, *([self.thinking] if self.thinking else [])]
        found = {choice.model: choice.folder_here() for choice in choices}
        here = {name: folder for name, folder in found.items() if folder is not None}
        return here if len(here) == len(found) else {}


def _cached(model: str, revision: str | None) -> Path | None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        return None
    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError):
        return None
