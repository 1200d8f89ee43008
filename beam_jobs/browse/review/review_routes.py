"""The routes of review: each needs an editor, and all that writes is a POST below /api/review/."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from beam_jobs.browse.http.person import person_of
from beam_jobs.browse.review.drafts import now_utc
from beam_jobs.browse.review.queues import MOST_ITEMS, Queue, QueueName
from beam_jobs.browse.review.review_desk import ReviewDesk, said_json
from beam_jobs.browse.review.review_site import NewerCorrection, SavedRow
from beam_jobs.output.json_values import to_bytes
from schemas.correction_records import Draft, Review

_MOST_CHARACTERS = 100_000
_MOST_NAME = 200
_Name = Annotated[str, Field(max_length=_MOST_NAME)]
_Text = Annotated[str, Field(max_length=_MOST_CHARACTERS)]
_Ms = Annotated[int, Field(ge=0, le=10**15)]
_Role: Literal["editor"] = "editor"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(_Form):
    """Where an answer is."""

    corpus: _Name
    date: _Name
    recording_id: _Name
    source: _Name
    task_id: _Name
    start_ms: _Ms
    end_ms: _Ms
    channel: Annotated[int, Field(ge=0, le=10**6)] | None = None
    read: _Name = ""


class _Saved(_Answer):
    """A correction; `queue` is the one in which the answer was met."""

    kind: _Name
    old_value: _Text | None = None
    new_value: _Text = ""
    reason: _Text = ""
    queue: _Name = ""
    seed: Annotated[int, Field(ge=0, le=10**9)] | None = None


class _Drafted(_Answer):
    """A text that is not saved yet; None forgets it."""

    text: _Text | None


class _Undone(_Form):
    corpus: _Name
    ids: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=1000)]


class _Voice(_Form):
    """A voice of a recording, by its number, and its name."""

    corpus: _Name
    date: _Name
    recording_id: _Name
    voice: Annotated[int, Field(ge=1, le=10**6)]
    name: _Name


class _Seen(_Form):
    """A page that is open; `place` is the key of the answer that is being edited."""

    corpus: _Name
    recording_id: _Name
    page: _Name
    place: _Text = ""
    is_closed: bool = False


def add_review(app: FastAPI, desk: ReviewDesk) -> None:
    """Add the routes to the application."""
    _add_reading(app, desk)
    _add_writing(app, desk)


def _add_reading(app: FastAPI, desk: ReviewDesk) -> None:
    @app.get("/api/review/recording/{recording_id}")
    def recording(
        request: Request, recording_id: str, corpus: str = "", date: str = ""
    ) -> Response:
        person = person_of(request, _Role)
        return _answer(desk.recording(person, recording_id, corpus, date))

    @app.get("/api/review/queue/{name}")
    def queue(
        request: Request,
        name: QueueName,
        corpus: str,
        size: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 100,
        seed: Annotated[int, Query(ge=0, le=10**9)] = 1,
        source: str = "",
    ) -> Response:
        person = person_of(request, _Role)
        return _answer(desk.queue(person, Queue(corpus, name, size, seed, source)))

    @app.get("/api/review/decisions")
    def decisions(request: Request, corpus: str) -> Response:
        person_of(request, _Role)
        return _answer({"corrections": desk.decisions(corpus)})


def _add_writing(app: FastAPI, desk: ReviewDesk) -> None:
    @app.post("/api/review/save")
    def save(request: Request, given: _Saved) -> Response:
        person = person_of(request, _Role)
        place = desk.place(given.recording_id, given.corpus, given.date)
        review = Review(given.queue, given.seed) if given.queue else None
        try:
            saved = SavedRow(_row(given), given.read)
            return _answer(desk.save(person, place, saved, given.source, review))
        except NewerCorrection as error:
            told = {"error": str(error), "theirs": said_json(error.said)}
            return Response(to_bytes(told), 409, media_type="application/json")

    @app.post("/api/review/undo")
    def undo(request: Request, given: _Undone) -> Response:
        person = person_of(request, _Role)
        undone = desk.sites.undo(given.corpus, given.ids, person.name)
        return _answer({"batch_id": undone.batch_id, "undone": undone.count})

    @app.post("/api/review/settle")
    def settle(request: Request, given: _Undone) -> Response:
        person = person_of(request, _Role)
        held = desk.sites.settle_decision(given.corpus, given.ids, person.name)
        return _answer({"settled": held})

    @app.post("/api/review/voice")
    def voice(request: Request, given: _Voice) -> Response:
        person = person_of(request, _Role)
        place = desk.place(given.recording_id, given.corpus, given.date)
        return _answer(desk.name_voice(person, place, given.voice, given.name))

    @app.post("/api/review/draft")
    def draft(request: Request, given: _Drafted) -> Response:
        person = person_of(request, _Role)
        place = desk.place(given.recording_id, given.corpus, given.date)
        at = (given.source, given.task_id, given.start_ms, given.end_ms, given.channel)
        saved_at = now_utc()
        written = Draft(*at, given.text or "", given.read, saved_at)
        desk.draft(person, place, written, given.text is not None)
        return _answer({"saved_at": saved_at})

    @app.post("/api/review/presence")
    def presence(request: Request, given: _Seen) -> Response:
        person = person_of(request, _Role)
        if given.is_closed:
            desk.presence.left(person.name, given.page)
            return _answer({"others": [], "news": ""})
        others = desk.presence.seen(person.name, given.page, given.recording_id, given.place)
        told = [{"person": each.person, "place": each.place} for each in others]
        return _answer({"others": told, "news": desk.news(given.corpus, given.recording_id)})


def _row(given: _Saved) -> dict[str, Any]:
    """The row as `af3 correct` takes it."""
    return {
        "recording": given.recording_id,
        "start_ms": given.start_ms,
        "end_ms": given.end_ms,
        "task_id": given.task_id,
        "channel": given.channel,
        "kind": given.kind,
        "source": given.source,
        "old_value": given.old_value,
        "new_value": given.new_value,
        "reason": given.reason,
    }


def _answer(value: Any) -> Response:
    return Response(to_bytes(value), media_type="application/json")
