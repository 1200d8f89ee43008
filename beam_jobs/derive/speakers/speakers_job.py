"""Who speaks when: turns of each recording, and where asked one identity across the corpus.

clips ──► vectors ──► voices and turns ──► tables/speaker_turns
voices ──► (--across corpus) identities, which stay ──► tables/speakers, with the names of people
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from af3core.errors import ConfigurationError
from af3core.speakers.identities import IdentityLimits
from af3core.speakers.voice_encoder import voice_encoder_identity
from beam_jobs.derive.speakers.forgetting import forget, forgetting_what_is_said_meanwhile
from beam_jobs.derive.speakers.identities_of_corpus import Placing, speakers_of
from beam_jobs.derive.speakers.naming import give_names, names_given
from beam_jobs.derive.speakers.recording_turns import STAGE, derive_rows, pieces, space_of
from beam_jobs.derive.speakers.speaker_rows import bring_up_to_date, joined
from beam_jobs.framework.corpus_derivation import Candidate, extend_corpus, read_state
from beam_jobs.framework.derivation import Derivation, Piece, derive, key_of
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from schemas.options.derive import SpeakerChoices, Speakers
from schemas.tables.speaker_tables import SPEAKER_TURNS

SPEAKER_DERIVATION = Derivation(STAGE, (SPEAKER_TURNS,), pieces, derive_rows, joined=joined)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Find who speaks in the interval and replace its turns; or name voices, or forget them.

    Raises:
        ConfigurationError: there is no such encoder, voice or recording, or options contradict.
    """
    given, choices = settings[Speakers], settings[SpeakerChoices]
    names = names_given(choices)
    if names or choices.forget:
        return _choose(settings, names, choices.forget)
    voice_encoder_identity(given.voice_encoder)
    if given.speaker_per_channel and given.across == "corpus":
        raise ConfigurationError(
            "--speaker-per-channel compares no voices, and --across corpus knows them again by"
            " their sound; leave one of them out"
        )
    between = partial(place_voices, settings) if given.across == "corpus" else None
    with forgetting_what_is_said_meanwhile(settings):
        outcome = derive(SPEAKER_DERIVATION, settings, beam_arguments, between)
    return _with_facts(outcome, bring_up_to_date(settings) | _identities(settings))


def place_voices(settings: JobSettings, listed: Sequence[Piece]) -> None:
    """Give the voices of recordings that have turns identities of the corpus."""
    store, corpus = settings.store, settings.corpus
    held = store.exists([key_of(piece, SPEAKER_DERIVATION) for piece in listed])
    encoder = voice_encoder_identity(settings[Speakers].voice_encoder)
    candidates = [
        Candidate(piece.date, piece.recording_id, piece.identity, space_of(encoder))
        for piece, is_held in zip(listed, held, strict=True)
        if is_held
    ]
    placing = Placing(Ledger(store), corpus, IdentityLimits.of(encoder))
    extend_corpus(store, corpus, STAGE, settings.run_id, candidates, placing)


def _choose(settings: JobSettings, names: dict[str, str], forgotten: Sequence[str]) -> Outcome:
    """Name voices and forget some."""
    if names:
        give_names(settings, names)
    facts = {"voices_named": len(names)}
    if forgotten:
        facts |= forget(settings, forgotten)
    return _with_facts(Outcome({}), facts | bring_up_to_date(settings))


def _identities(settings: JobSettings) -> dict[str, int]:
    found = speakers_of(read_state(settings.store, settings.corpus, STAGE))
    speakers = Counter(speaker for each in found.values() for speaker in each.values())
    return {"speakers_of_corpus": len(speakers)}


def _with_facts(outcome: Outcome, facts: dict[str, int]) -> Outcome:
    lines = [f"{name}: {n}" for name, n in facts.items()]
    return Outcome(outcome.facts | facts, [*outcome.lines, *lines], outcome.waiting)
