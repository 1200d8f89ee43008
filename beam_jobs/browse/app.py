"""The routes: what is asked by whom is settled before, and what is answered elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from af3core.errors import Af3Error, ConfigurationError
from beam_jobs.audit_log.audit_log import Auditing, AuditLog, NoAuditLog
from beam_jobs.browse.browsed_archive import Archive
from beam_jobs.browse.data.archive_tables import place_of
from beam_jobs.browse.data.clip_bytes import clip_response, find_clip
from beam_jobs.browse.http.access import SIGN_IN_PAGE, Guard
from beam_jobs.browse.http.admission import Access, Admission
from beam_jobs.browse.http.person import person_of
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.http.sign_in import add_sign_in
from beam_jobs.browse.pages.corpus_page import corpus_page
from beam_jobs.browse.pages.recording_page import recording_page, segment_words
from beam_jobs.browse.pages.subtitle_file import subtitle_file
from beam_jobs.browse.review.review_routes import add_review
from beam_jobs.browse.sql.sql_pool import MOST_SQL_CHARACTERS
from beam_jobs.browse.talk.answer_socket import TalkSocket
from beam_jobs.output.json_values import to_bytes
from beam_jobs.search.search_request import SearchError, SearchRequest
from schemas.audit_records import AuditAction
from schemas.options.reading import SearchKind as Kind
from schemas.options.reading import SearchMode as Mode
from schemas.options.reading import SpeechFilter as Speech
from schemas.options.reading import SubtitleForm

STATIC = Path(__file__).with_name("static")
MOST_HITS = 100
MOST_SEGMENTS = 50
_PAGES = ("/", "/recording/{name}", "/corpus/{name}", "/sql", SIGN_IN_PAGE, "/review")
_READ = ["GET", "HEAD"]
_MOST_BODY_BYTES = 4 * MOST_SQL_CHARACTERS
_LOOK_FOR_ASKER_S = 0.5
_ASKER_LEFT = 499
"""nginx's status for it; nobody reads it."""
_PICTURE_CACHED = {"cache-control": "private, max-age=86400"}


def create_app(
    archive: Archive,
    access: Access,
    talk: TalkSocket | None = None,
    log: AuditLog | None = None,
) -> ASGIApp:
    """The application over an archive, behind its checks; without `talk`, nothing can be asked, and
    without `log`, nothing is logged.
    """
    audit: Auditing = log or NoAuditLog()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        archive.begin()
        if log:
            log.begin()
        yield
        if log:
            log.close()
        archive.close()

    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan
    )
    admission = Admission(access)
    add_errors(app)
    _add_pages(app)
    _add_about(app, archive, access, talk)
    add_sign_in(app, admission)
    _add_data(app, archive, audit)
    if talk is not None:
        app.add_api_websocket_route("/api/talk", talk.converse)
    _add_sounds(app, archive, audit)
    _add_sql(app, archive, audit)
    archive.review.sites.log = audit
    add_review(app, archive.review)
    return Guard(app, admission)


def _add_pages(app: FastAPI) -> None:
    def shell() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    for path in _PAGES:
        app.add_api_route(path, shell, methods=_READ, response_class=FileResponse)
    app.mount("/static", StaticFiles(directory=STATIC))


def _add_data(app: FastAPI, archive: Archive, audit: Auditing) -> None:
    @app.api_route("/api/search", methods=_READ)
    def search(
        http: Request,
        q: str = "",
        like: str = "",
        mode: Mode = "hybrid",
        corpus: str = "",
        since: str = "",
        until: str = "",
        kind: Annotated[tuple[Kind, ...], Query()] = (),
        speech: Speech = "any",
        unflagged: bool = False,
        without_flag: Annotated[tuple[str, ...], Query()] = (),
        language: Annotated[tuple[str, ...], Query()] = (),
        limit: Annotated[int, Query(ge=1, le=MOST_HITS)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        request = SearchRequest(
            words=q,
            like=like,
            mode=mode,
            corpus=corpus,
            since=since,
            until=until,
            kinds=kind,
            speech=speech,
            unflagged=unflagged,
            without_flags=without_flag,
            languages=language,
            limit=limit,
            offset=offset,
        )
        _log(audit, http, "search", _said(request))
        return _answer(archive.search(request))

    @app.api_route("/api/recording/{recording_id}", methods=_READ)
    def recording(
        request: Request, recording_id: str, corpus: str = "", date: str = ""
    ) -> Response:
        _log(audit, request, "open", {"recording_id": recording_id})
        archive.review.settle_all()
        return _answer(recording_page(archive.tables, recording_id, corpus, date))

    @app.api_route("/api/recording/{recording_id}/words", methods=_READ)
    def words(
        recording_id: str,
        corpus: str = "",
        date: str = "",
        segment: Annotated[tuple[str, ...], Query(min_length=1, max_length=MOST_SEGMENTS)] = (),
    ) -> Response:
        return _answer(segment_words(archive.tables, recording_id, corpus, date, segment))

    @app.api_route("/subtitles/{recording_id}.{form}", methods=_READ)
    def subtitles(
        request: Request, recording_id: str, form: SubtitleForm, corpus: str = "", date: str = ""
    ) -> Response:
        _log(audit, request, "subtitles", {"recording_id": recording_id, "form": form})
        file = subtitle_file(archive.tables, recording_id, corpus, date, form)
        headers = {"content-disposition": file.disposition, "cache-control": "no-cache"}
        return Response(file.body, headers=headers, media_type=file.media_type)

    @app.api_route("/api/corpus/{name}", methods=_READ)
    def corpus(name: str) -> Response:
        return _answer(corpus_page(archive.corpora, name))

    @app.api_route("/charts/{name}/{chart}.svg", methods=_READ)
    def charts(name: str, chart: str) -> Response:
        return Response(archive.charts.chart(name, chart), media_type="image/svg+xml")


def _add_about(app: FastAPI, archive: Archive, access: Access, talk: TalkSocket | None) -> None:
    @app.api_route("/api/about", methods=_READ)
    def about(request: Request) -> Response:
        person = person_of(request)
        return _answer(
            archive.about()
            | {
                "talk": talk.about() if talk else None,
                "person": {"name": person.name, "role": person.role} if person.name else None,
                "writing": access.people is not None,
                "signs_in_by": access.signs_in_by,
            }
        )


def _add_sounds(app: FastAPI, archive: Archive, audit: Auditing) -> None:
    @app.api_route("/audio/{corpus}/{date}/{recording_id}/{clip_id}.flac", methods=_READ)
    def audio(
        request: Request, corpus: str, date: str, recording_id: str, clip_id: str
    ) -> Response:
        _log(audit, request, "play", {"recording_id": recording_id, "clip_id": clip_id})
        clip = find_clip(archive.tables, place_of(corpus, date, recording_id), clip_id)
        wanted, condition = (request.headers.get(name) for name in ("range", "if-range"))
        return clip_response(archive.tables, clip, request.method, wanted, condition)

    @app.api_route("/spectrogram/{corpus}/{date}/{recording_id}/{segment_id}.png", methods=_READ)
    def spectrogram(
        request: Request,
        corpus: str,
        date: str,
        recording_id: str,
        segment_id: str,
        width: int = 600,
        height: int = 80,
    ) -> Response:
        place = place_of(corpus, date, recording_id)
        picture = archive.spectrograms.picture(place, segment_id, width, height)
        headers = {"etag": picture.etag, **_PICTURE_CACHED}
        if request.headers.get("if-none-match") == picture.etag:
            return Response(status_code=304, headers=headers)
        return Response(picture.png, headers=headers, media_type="image/png")


def _add_sql(app: FastAPI, archive: Archive, audit: Auditing) -> None:
    @app.post("/api/sql")
    async def sql(request: Request) -> Response:
        text = await _sql_of(request)
        _log(audit, request, "query", {"sql": text})
        asked = asyncio.create_task(archive.sandbox.answer(text))
        try:
            while not asked.done():
                await asyncio.wait([asked], timeout=_LOOK_FOR_ASKER_S)
                if not asked.done() and await request.is_disconnected():
                    return Response(status_code=_ASKER_LEFT)
        finally:
            # nobody waits for it any more: its process ends with it
            asked.cancel()
            await asyncio.wait([asked])
        return _answer(asked.result())


async def _sql_of(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(400, "send SQL as application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise Refusal(413, f"SQL of more than {MOST_SQL_CHARACTERS} characters")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not isinstance(given.get("sql"), str):
        raise Refusal(400, 'send {"sql": "SELECT …"}')
    text: str = given["sql"]
    return text


def add_errors(app: FastAPI) -> None:
    """Have every error answered as one line of JSON."""

    @app.exception_handler(Af3Error)
    def af3_error(_request: Request, error: Af3Error) -> Response:
        if isinstance(error, Refusal):
            return _error(error.status, str(error), error.headers)
        if isinstance(error, SearchError):
            return _error(400, str(error))
        return _error(409 if isinstance(error, ConfigurationError) else 503, str(error))

    @app.exception_handler(RequestValidationError)
    def wrong(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        # the last name; behind it stands which of several values, or where in a body
        name = next(part for part in reversed(first["loc"]) if isinstance(part, str))
        return _error(400, f"{name}: {first['msg'].lower()}")

    @app.exception_handler(HTTPException)
    def other(_request: Request, error: HTTPException) -> Response:
        return _error(
            error.status_code,
            "there is nothing here" if error.status_code == 404 else str(error.detail).lower(),
        )

    @app.exception_handler(Exception)
    def unknown(_request: Request, _error_: Exception) -> Response:
        return _error(500, "an error of the server's own; where af3 browse runs it says more")


def _log(
    audit: Auditing, request: Request, action: AuditAction, subject: Mapping[str, Any]
) -> None:
    audit.add(person_of(request).name, action, subject)


def _said(request: SearchRequest) -> dict[str, Any]:
    """What is searched for: what differs from a search for nothing."""
    plain = dataclasses.asdict(SearchRequest(request.words))
    asked = dataclasses.asdict(request)
    return {"words": request.words} | {n: v for n, v in asked.items() if v != plain[n]}


def _answer(value: Any) -> Response:
    return Response(to_bytes(value), media_type="application/json")


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = to_bytes({"error": message})
    return Response(body, status, headers, media_type="application/json")
