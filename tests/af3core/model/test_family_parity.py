"""Each architecture over random requests: our engine's greedy tokens are those of transformers'
`generate`, each with its log-probability within 1e-4.

`make test` asks 40 of each architecture; the long form asks 300 of each besides, five of them about
more than five minutes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from af3core.model.audio_limits import AudioLimit
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Request
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.af3core.model.family_requests import long_request, random_requests

_AF3, _MUSIC = "audioflamingo3", "musicflamingo"
_YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32_768}
_LINEAR = {"rope_type": "linear", "factor": 2.0}
FORMS = (
    Form("af3", _AF3, max_audio_s=600),
    Form("af3-one-kv-tied", _AF3, heads=6, kv_heads=1, tied=True, max_audio_s=600, seed=1),
    Form("af3-yarn", _AF3, heads=3, kv_heads=3, head_dim=10, rope=_YARN, max_audio_s=600, seed=2),
    Form("af3-linear", _AF3, encoder_width=42, encoder_heads=7, rope=_LINEAR, max_audio_s=600),
    Form("music", _MUSIC, max_audio_s=1200, seed=3),
    Form("music-one-kv-tied", _MUSIC, heads=6, kv_heads=1, tied=True, max_audio_s=1200, seed=4),
    Form("next-yarn", _MUSIC, heads=3, kv_heads=3, head_dim=10, rope=_YARN, seed=5),
    Form("next-linear", _MUSIC, encoder_width=42, encoder_heads=7, rope=_LINEAR, seed=6),
)
_LONG_S = {
    "af3": (301.0, 600.0),
    "af3-one-kv-tied": (455.5,),
    "af3-yarn": (330.02,),
    "af3-linear": (599.99,),
    "music": (301.0, 1200.0),
    "music-one-kv-tied": (455.5,),
    "next-yarn": (1800.0,),
    "next-linear": (905.01,),
}
BFLOAT16_TOLERANCE = 0.15
"""Nats, of a first token's log-probability: a bfloat16 has 8 bits, and these weights are wide."""


def compare(form: Form, requests: list[Request], shared: Path, untrained: Path) -> None:
    checkpoint = find_checkpoint(str(checkpoint_of(form, shared, untrained)))
    assert checkpoint.model_type == form.model_type
    assert checkpoint.limit == AudioLimit(form.max_audio_s // 30)
    ours, reference = Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)
    answers = answers_of(ours, requests)
    assert_same_answers(answers, answers_of(reference, requests))
    assert len({answer.token_ids for answer in answers}) > len(requests) // 2


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_ten_random_requests(form: Form, shared: Path, untrained: Path) -> None:
    compare(form, random_requests(100 + form.seed, 10, longest_s=40.0), shared, untrained)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_75_random_requests(form: Form, shared: Path, untrained: Path) -> None:
    long = [long_request(number, seconds) for number, seconds in enumerate(_LONG_S[form.name])]
    requests = random_requests(200 + form.seed, 75 - len(long), longest_s=300.0)
    compare(form, requests + long, shared, untrained)


@pytest.mark.parametrize("name", ["af3", "music"])
def test_bfloat16_is_within_its_tolerance(name: str, shared: Path, untrained: Path) -> None:
    """The whole distribution of first tokens, ours against transformers', both in bfloat16."""
    (form,) = (form for form in FORMS if form.name == name)
    checkpoint = find_checkpoint(str(checkpoint_of(form, shared, untrained)))
    ours = Af3Engine.load(checkpoint, "bfloat16")
    reference = TransformersEngine.load(checkpoint, "bfloat16")
    for request in random_requests(7, 6, longest_s=40.0):
        prompt = ours.prompt_builder.build(request)
        with torch.inference_mode():
            mine = ours.runners["base"].start(0, [[prompt]], capacity=len(prompt.ids))
            theirs = reference.model(**reference.inputs([prompt])).logits[:, -1].float()
        ours.runners["base"].forget()
        difference = (mine.log_softmax(-1) - theirs.log_softmax(-1)).abs()
        assert float(difference.max()) < BFLOAT16_TOLERANCE
