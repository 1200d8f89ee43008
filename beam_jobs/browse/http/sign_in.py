"""Signing in on the page with a token, and out again."""

from __future__ import annotations

import json

from fastapi import FastAPI, Request
from starlette.responses import Response

from beam_jobs.browse.http.admission import Admission
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.http.request_checks import SIGN_IN, SIGN_OUT
from beam_jobs.output.json_values import to_bytes


def add_sign_in(app: FastAPI, admission: Admission) -> None:
    """Add the routes; without people, or where a proxy signs them in, there are none."""
    if admission.access.signs_in_by != "token":
        return

    @app.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        token = _token_of(await request.body())
        person = admission.person_of(token, request.scope)
        body = to_bytes({"person": {"name": person.name, "role": person.role}})
        headers = {"set-cookie": admission.cookie(token, _is_secure(request))}
        return Response(body, headers=headers, media_type="application/json")

    @app.post(SIGN_OUT)
    async def sign_out(request: Request) -> Response:
        headers = {"set-cookie": admission.cookie("", _is_secure(request))}
        return Response(to_bytes({"person": None}), headers=headers, media_type="application/json")


def _token_of(body: bytes) -> str:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not isinstance(given.get("token"), str):
        raise Refusal(400, 'send {"token": "…"}')
    token: str = given["token"].strip()
    return token


def _is_secure(request: Request) -> bool:
    """Whether the page was opened over TLS, as its browser says it."""
    return request.headers.get("origin", "").startswith("https://")
