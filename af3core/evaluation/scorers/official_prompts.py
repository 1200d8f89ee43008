"""The prompts for judges that publishers' scripts hold, word for word, with script and licence.

What a model said is put in as it is, as the scripts do: it can speak to the judge there.
"""

from __future__ import annotations

import re
from functools import partial

from af3core.evaluation.item import Item
from af3core.evaluation.official_scripts import MMAU_PRO, VOICE_BENCH_JUDGE
from af3core.evaluation.score import Judging
from af3core.evaluation.scorers.replies import points_of

_VOICE_BENCH = """
I need your help to evaluate the performance of several models in the speech interaction scenario. The models will receive a speech input from the user, which they need to understand and respond to with a speech output.
Your task is to rate the model’s responses based on the provided user input transcription [Instruction] and the model’s output transcription [Response].

Please evaluate the response on a scale of 1 to 5:
1 point: The response is largely irrelevant, incorrect, or fails to address the user’s query. It may be off-topic or provide incorrect information.
2 points: The response is somewhat relevant but lacks accuracy or completeness. It may only partially answer the user’s question or include extraneous information.
3 points: The response is relevant and mostly accurate, but it may lack conciseness or include unnecessary details that don’t contribute to the main point.
4 points: The response is relevant, accurate, and concise, providing a clear answer to the user’s question without unnecessary elaboration.
5 points: The response is exceptionally relevant, accurate, and to the point. It directly addresses the user’s query in a highly effective and efficient manner, providing exactly the information needed.

Below are the transcription of user’s instruction and models’ response:
### [Instruction]: {prompt}
### [Response]: {response}

After evaluating, please output the score only without anything else.
You don’t need to provide any explanations.
"""  # noqa: E501 - as published
_MMAU_PRO = """You are an expert evaluator for general open-ended question answering tasks. Please evaluate the quality of a model's response to a question.

Question: {question}

Reference Answer: {reference}

Model Response: {response}

Please evaluate the model response on the following criteria and provide scores from 1-5 (where 5 is best):

1. **Correctness**: How factually accurate is the response compared to the reference?
2. **Relevance**: How well does the response address the specific question asked?
3. **Completeness**: Does the response cover all important aspects mentioned in the reference?
4. **Clarity**: How clear and well-structured is the response?

For each criterion, provide:
- A score from 1-5
- A brief justification (1-2 sentences)

Format your response as:

CORRECTNESS: [score] - [justification]
RELEVANCE: [score] - [justification] 
COMPLETENESS: [score] - [justification]
CLARITY: [score] - [justification]
OVERALL: [average score] - [overall assessment]"""  # noqa: E501 - as published
_CRITERIA = ("CORRECTNESS", "RELEVANCE", "COMPLETENESS", "CLARITY")
_NEUTRAL = 3.0


def _filled(template: str, **texts: str) -> str:
    """The template with its names replaced, once each: a text may hold such names itself."""
    return re.sub(r"\{(\w+)\}", lambda name: texts[name[1]], template)


def _voice_bench_prompt(item: Item, prediction: str) -> str:
    return _filled(_VOICE_BENCH, prompt=item.question, response=prediction)


def _mmau_pro_prompt(item: Item, prediction: str) -> str:
    reference = item.answers[0] if item.answers else ""
    return _filled(_MMAU_PRO, question=item.question, reference=reference, response=prediction)


def mmau_pro_points(reply: str) -> float | None:
    """The overall points of a reply in MMAU-Pro's form; None where it holds none of the form.

    The script takes 3 for a criterion that is missing, and the mean of the four where OVERALL is
    missing or 3. A reply without any of them counts 3 there; here it is none, and counts nothing.
    """
    found = {name: _points(reply, name, r"\d+") for name in _CRITERIA}
    overall = _points(reply, "OVERALL", r"\d+(?:\.\d+)?")
    if overall is None and not any(found.values()):
        return None
    if overall in (None, _NEUTRAL):
        four = [_NEUTRAL if value is None else value for value in found.values()]
        overall = sum(four) / len(four)
    return overall if overall is not None and 1 <= overall <= 5 else None


def _points(reply: str, name: str, number: str) -> float | None:
    found = re.search(rf"{name}:\s*({number})", reply, re.IGNORECASE)
    return float(found[1]) if found else None


VOICE_BENCH = Judging(
    prompt=_voice_bench_prompt,
    read=partial(points_of, most=5),
    most=5,
    system="You are a helpful assistant who tries to help answer the user's question.",
    source=f"{VOICE_BENCH_JUDGE}, {VOICE_BENCH_JUDGE.terms}, word for word: gpt-4o-mini, the mean"
    " of three replies at temperature 0.5; asked once here, the system text first. The paper's"
    " figure is the mean",
    script=VOICE_BENCH_JUDGE,
)

MMAU_PRO_OPEN = Judging(
    prompt=_mmau_pro_prompt,
    read=mmau_pro_points,
    most=5,
    system="You are a helpful and objective evaluator.",
    source=f"{MMAU_PRO}, {MMAU_PRO.terms}, word for word: Qwen2.5-7B-Instruct at temperature 0.1;"
    " the overall points, a fifth of which counts",
    script=MMAU_PRO,
)
