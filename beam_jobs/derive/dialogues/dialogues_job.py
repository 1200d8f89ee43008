"""Conversations about several sounds, for training: by rules, and by a language model.

embeddings + what is published ──► similar and dissimilar sounds ──► turns ──► tables/dialogues
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from af3core.dialogue.chosen_sounds import HeardSound
from af3core.dialogue.dialogue_prompts import (
    DIALOGUE_SCHEMA,
    MAX_NEW_TOKENS,
    PROMPTS_VERSION,
    VERDICT_SCHEMA,
    check_prompt,
    read_dialogue,
    writing_prompt,
)
from af3core.dialogue.rule_dialogues import RULES_VERSION, dialogue_by_rules
from af3core.dialogue.validation import Exchange, broken_rule
from af3core.embedding.text import text_model_revision
from af3core.errors import ConfigurationError
from af3core.model.engines.engine_registry import answers_of
from af3core.model.language_model import Ask, Document, MalformedAnswer, write_documents
from beam_jobs.derive.dialogues.dialogue_plans import (
    CorpusSnapshot,
    Plan,
    day_sounds,
    embedded_neighbourhood,
    plans_of,
)
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import configuration_hash
from schemas.options.derive import Seed, TextModel
from schemas.tables.derived_tables import DIALOGUES
from schemas.tables.embedding_tables import EMBEDDINGS

STAGE = "dialogues"
_VERDICT_TOKENS = 24
_SOUND = (
    "segment_id",
    "recording_id",
    "clip_uri",
    "clip_start_ms",
    "start_ms",
    "end_ms",
    "relation",
    "distance",
)


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The planned dialogues of each recording."""
    corpus = CorpusSnapshot(settings.out, settings.corpus, settings.run_id)
    model = text_model_revision(settings[TextModel].text_model)
    clips: dict[str, dict[str, list[HeardSound]]] = {}
    for sound in day_sounds(corpus, date).values():
        clips.setdefault(sound.recording_id, {}).setdefault(sound.clip_uri, []).append(sound)
    for recording, found in clips.items():
        plans = [
            plan
            for clip, sounds in found.items()
            for plan in plans_of(clip, sounds, corpus, date, model, settings[Seed].seed)
        ]
        if plans:
            versions = [RULES_VERSION, PROMPTS_VERSION, settings.writer.identity]
            work_ms = sum(sound.duration_ms for plan in plans for sound in plan.sounds)
            identity = configuration_hash([versions, plans])
            yield Piece(recording, settings.corpus, date, identity, plans, work_ms=work_ms)


Talk = tuple[Plan, tuple[Exchange, ...]]


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The dialogues of one recording, checked; what was rejected is counted by reason.

    Raises:
        ModelError: the writer is away; another run may find it.
    """
    plans: Sequence[Plan] = piece.evidence
    writer = _Writer(functools.partial(answers_of, settings.writer), settings[Seed].seed)
    by_rules = [
        (plan, dialogue_by_rules(plan.sounds, Random(plan.seed)))
        for plan in plans
        if plan.maker == "rules"
    ]
    counts: Counter[str] = Counter()
    written = writer.dialogues([plan for plan in plans if plan.maker == "writer"], counts)
    stood_by = writer.stood_by(_without_broken_rules(written, counts), counts)
    kept = [*_without_broken_rules(by_rules, counts), *stood_by]
    rows = [_row(plan, exchanges, settings) for plan, exchanges in kept]
    counts["by_rules"], counts["written"] = len(kept) - len(stood_by), len(stood_by)
    return PieceRows({DIALOGUES.name: rows}, counts)


@dataclass(frozen=True)
class _Writer:
    """The language model that writes dialogues, and judges its own."""

    ask: Ask
    seed: int

    def dialogues(self, plans: Sequence[Plan], counts: Counter[str]) -> list[Talk]:
        """What it makes of each plan."""
        prompts = [writing_prompt(plan.sounds) for plan in plans]
        documents = self._documents(prompts, DIALOGUE_SCHEMA, MAX_NEW_TOKENS, counts)
        found = zip(plans, documents, strict=True)
        return [(plan, read_dialogue(document.value)) for plan, document in found if document]

    def stood_by(self, talks: Sequence[Talk], counts: Counter[str]) -> list[Talk]:
        """Those that pass when it is asked whether they are right."""
        prompts = [check_prompt(plan.sounds, exchanges) for plan, exchanges in talks]
        verdicts = self._documents(prompts, VERDICT_SCHEMA, _VERDICT_TOKENS, counts)
        passed = []
        for talk, verdict in zip(talks, verdicts, strict=True):
            if verdict and verdict.value["check"] == "pass":
                passed.append(talk)
            elif verdict:
                counts["rejected_self_check"] += 1
        return passed

    def _documents(
        self, prompts: Sequence[str], schema: dict[str, Any], tokens: int, counts: Counter[str]
    ) -> list[Document | None]:
        """None where it wrote none, or will never do."""
        documents: list[Document | None] = []
        for document in write_documents(self.ask, prompts, schema, tokens, self.seed):
            if isinstance(document, Document):
                documents.append(document)
                continue
            if not (isinstance(document, MalformedAnswer) or document.permanent):
                raise document
            malformed = isinstance(document, MalformedAnswer)
            reason = "malformed" if malformed else type(document).__name__
            counts[f"rejected_{reason}"] += 1
            documents.append(None)
        return documents


def _without_broken_rules(talks: Sequence[Talk], counts: Counter[str]) -> list[Talk]:
    """Those that break no rule."""
    kept = []
    for plan, exchanges in talks:
        transcripts = [sound.transcript for sound in plan.sounds]
        broken = broken_rule(exchanges, len(plan.sounds), transcripts)
        if broken:
            counts[f"rejected_{broken.reason}"] += 1
        else:
            kept.append((plan, exchanges))
    return kept


def _row(plan: Plan, exchanges: Sequence[Exchange], settings: JobSettings) -> Row:
    [anchor] = [sound for sound in plan.sounds if sound.relation == "anchor"]
    turns = [
        {"role": role, "text": text}
        for exchange in exchanges
        for role, text in (("human", exchange.question), ("gpt", exchange.answer))
    ]
    sounds = [{name: getattr(sound, name) for name in _SOUND} for sound in plan.sounds]
    written = plan.maker == "writer"
    return {
        "recording_id": anchor.recording_id,
        "dialogue_id": configuration_hash([[s.segment_id for s in plan.sounds], turns]),
        "start_ms": anchor.start_ms,
        "end_ms": anchor.end_ms,
        "sounds": sounds,
        "turns": turns,
        "sound_count": len(sounds),
        "turn_count": len(exchanges),
        "made_by": settings.writer.checkpoint.name if written else "rules",
        "self_check": "pass" if written else "",
        "flags": [],
    }


DIALOGUES_MADE = Derivation(STAGE, (DIALOGUES,), pieces, derive_rows, writes=True)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Make the dialogues of the interval, and publish them.

    Raises:
        ConfigurationError: a day was not embedded, or with another text model.
    """
    _check_embedded(settings)
    return derive(DIALOGUES_MADE, settings, beam_arguments)


def _check_embedded(settings: JobSettings) -> None:
    store = settings.store
    dates = manifest_dates(Ledger(store), settings)
    for date in dates:
        prefix = layout.partition_prefix(EMBEDDINGS.name, settings.corpus, date)
        if not store.children(prefix):
            raise ConfigurationError(
                f"--out {settings.out}: {date} of {settings.corpus} has no embeddings;"
                f" run {af3('embed')} first"
            )
    corpus = CorpusSnapshot(settings.out, settings.corpus, settings.run_id)
    model = text_model_revision(settings[TextModel].text_model)
    if dates and not embedded_neighbourhood(corpus, model, dates[-1]).segments:
        raise ConfigurationError(
            f"--text-model {settings[TextModel].text_model}: no caption without a flag was embedded"
            f" with it; run {af3('embed')} with the same --text-model"
        )
