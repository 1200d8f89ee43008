"""People sign in by a token or by a proxy's header; who writes needs a role and our own page."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from beam_jobs.browse.app import add_errors
from beam_jobs.browse.http.access import Guard
from beam_jobs.browse.http.admission import Access, Admission, ProxyHeader
from beam_jobs.browse.http.person import person_of
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.http.wrong_tokens import MOST_WRONG, WITHIN_S, WrongTokens, network_of
from beam_jobs.people.people_changes import add_person, revoke_person
from beam_jobs.people.watched_people import WatchedPeople
from schemas.options.people import ROLES
from tests.beam_jobs.browse.served import Reply, Site, answering, served
from tests.beam_jobs.search.said import FIRST, publish

JSON = {"Content-Type": "application/json"}
OURS = {"Sec-Fetch-Site": "same-origin"}
HEADER = "X-Forwarded-User"
THIS_MACHINE = ProxyHeader(HEADER, (ipaddress.ip_network("127.0.0.0/8"),))
ELSEWHERE = ProxyHeader(HEADER, (ipaddress.ip_network("10.0.0.0/24"),))
NOT_SIGNED_IN = "nobody is signed in: open /sign-in, and enter your token"


@dataclass(frozen=True)
class Staff:
    """A file of people, and their tokens by role."""

    file: Path
    tokens: Mapping[str, str]

    def cookie(self, site: Site, role: str) -> dict[str, str]:
        return {"Cookie": f"af3_browse_{site.port}={self.tokens[role]}"}


def staff_at(folder: Path) -> Staff:
    file = folder / "people.toml"
    return Staff(file, {role: add_person(file, f"a {role}", role) for role in ROLES})


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sign_in") / "out"
    publish(out, FIRST, {"a" * 24: ["A storm at sea"]})
    return out


@pytest.fixture
def staff(tmp_path: Path) -> Staff:
    return staff_at(tmp_path)


@pytest.fixture(scope="module")
def shared_staff(tmp_path_factory: pytest.TempPathFactory) -> Staff:
    return staff_at(tmp_path_factory.mktemp("staff"))


@pytest.fixture(scope="module")
def site(out: Path, shared_staff: Staff) -> Iterator[Site]:
    with served(out, people=shared_staff.file) as site:
        yield site


@contextmanager
def rooms(staff: Staff, header: ProxyHeader | None = None) -> Iterator[Site]:
    """A server with a route that reads, one for editors and one for keepers, behind the guard."""
    app = FastAPI()
    add_errors(app)

    async def said(request: Request) -> Response:
        role = "keeper" if request.url.path.startswith("/api/withdraw/") else "editor"
        person = person_of(request, "reader" if request.method == "GET" else role)  # type: ignore[arg-type]
        return JSONResponse({"name": person.name, "body": (await request.body()).decode()})

    for path in ("/api/review/one", "/api/withdraw/one"):
        app.add_api_route(path, said, methods=["GET", "POST", "PUT", "DELETE"])
    listener = socket.create_server(("127.0.0.1", 0))
    access = Access(
        "127.0.0.1",
        listener.getsockname()[1],
        people=WatchedPeople(staff.file),
        header=header,
    )
    with answering(Guard(app, Admission(access)), listener) as site:
        yield site


def post(
    site: Site, path: str, headers: Mapping[str, str], body: bytes = b"{}", method: str = "POST"
) -> Reply:
    return site.ask(path, {**JSON, **headers}, method, body)


def test_whoever_is_not_signed_in_reads_nothing(site: Site) -> None:
    for path in ("/api/about", "/api/search", "/audio/a/b/c/d.flac", "/charts/default/hours.svg"):
        reply = site.ask(path)
        assert (reply.status, reply.error) == (401, NOT_SIGNED_IN)
    assert site.sql("SELECT 1").status == 401


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/", "%2F"),
        ("/recording/abc?date=2026-11-21", "%2Frecording%2Fabc%3Fdate%3D2026-11-21"),
        ("//evil.example/x", "%2Fevil.example%2Fx"),
        ("/subtitles/abc.vtt", "%2Fsubtitles%2Fabc.vtt"),
    ],
)
def test_pages_lead_to_the_sign_in_and_back(site: Site, path: str, to: str) -> None:
    reply = site.ask(path)
    assert (reply.status, reply.headers["location"]) == (303, f"/sign-in?to={to}")
    assert site.ask("/sign-in").status == 200
    assert site.ask("/static/modules/sign_in_page.js").status == 200


def test_a_token_signs_in_and_out(site: Site, shared_staff: Staff) -> None:
    token = shared_staff.tokens["editor"]
    reply = post(site, "/api/sign-in", OURS, json.dumps({"token": f" {token}\n"}).encode())
    assert (reply.status, reply.json) == (200, {"person": {"name": "a editor", "role": "editor"}})
    name = f"af3_browse_{site.port}"
    assert reply.headers["set-cookie"] == f"{name}={token}; HttpOnly; SameSite=Strict; Path=/"
    cookie = {"Cookie": f"{name}={token}"}
    about = site.ask("/api/about", cookie).json
    assert about["person"] == {"name": "a editor", "role": "editor"}
    assert (about["writing"], about["signs_in_by"]) == (True, "token")
    reply = post(site, "/api/sign-out", {**OURS, **cookie})
    assert reply.headers["set-cookie"] == (f"{name}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")


def test_behind_tls_the_cookie_is_sent_over_tls_alone(site: Site, shared_staff: Staff) -> None:
    body = json.dumps({"token": shared_staff.tokens["reader"]}).encode()
    reply = post(site, "/api/sign-in", {"Origin": f"https://{site.host}"}, body)
    assert reply.headers["set-cookie"].endswith("; SameSite=Strict; Path=/; Secure")


def test_a_link_signs_in(site: Site, shared_staff: Staff) -> None:
    token = shared_staff.tokens["keeper"]
    reply = site.ask(f"/corpus/default?a=1&token={token}")
    assert (reply.status, reply.headers["location"]) == (303, "/corpus/default?a=1")
    assert reply.headers["set-cookie"].startswith(f"af3_browse_{site.port}={token}; HttpOnly")
    assert site.ask(f"/api/about?token={token}").status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 3}', b"{", b"[" * 9999])
def test_a_sign_in_that_is_none_is_one_line(site: Site, body: bytes) -> None:
    assert post(site, "/api/sign-in", OURS, body).error == 'send {"token": "…"}'


@pytest.mark.parametrize("token", ["", "short", "é" * 20, "x" * 129, "a" * 43])
def test_a_wrong_token_signs_nobody_in(site: Site, token: str) -> None:
    reply = post(site, "/api/sign-in", OURS, json.dumps({"token": token}).encode())
    assert reply.status == 401
    assert reply.error.startswith("the token is nobody's, or no longer: ask whoever runs")
    assert "set-cookie" not in reply.headers


def test_a_role_allows_what_it_says(staff: Staff) -> None:
    allowed = {
        ("reader", "/api/review/one"): 403,
        ("editor", "/api/review/one"): 200,
        ("keeper", "/api/review/one"): 200,
        ("reader", "/api/withdraw/one"): 403,
        ("editor", "/api/withdraw/one"): 403,
        ("keeper", "/api/withdraw/one"): 200,
    }
    with rooms(staff) as site:
        for (role, path), status in allowed.items():
            headers = {**staff.cookie(site, role), **OURS}
            assert site.ask(path, headers).json["name"] == f"a {role}"
            for method in ("POST", "PUT", "DELETE"):
                assert post(site, path, headers, method=method).status == status
        refused = post(site, "/api/withdraw/one", {**staff.cookie(site, "editor"), **OURS})
        assert refused.error == "this needs the role keeper; a editor is editor"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_page_of_another_site_writes_nothing(staff: Staff, headers: dict[str, str]) -> None:
    with rooms(staff) as site:
        sent = {**staff.cookie(site, "keeper"), **headers}
        for path in ("/api/review/one", "/api/withdraw/one", "/api/sign-out"):
            reply = post(site, path, sent)
            assert reply.status == 403
            assert reply.error.startswith("asked by a page of another site")


def test_our_own_page_and_a_program_with_a_token_write(staff: Staff) -> None:
    with rooms(staff) as site:
        own = {**staff.cookie(site, "editor"), "Origin": f"http://{site.host}"}
        assert post(site, "/api/review/one", own, b'{"a": 1}').json["body"] == '{"a": 1}'
        bearer = {"Authorization": f"Bearer {staff.tokens['editor']}"}
        assert post(site, "/api/review/one", bearer).json["name"] == "a editor"
        wrong = {"Authorization": "Bearer " + "a" * 43}
        assert post(site, "/api/review/one", wrong).status == 401


def test_what_is_written_is_json_and_bounded(staff: Staff) -> None:
    with rooms(staff) as site:
        editor = {**staff.cookie(site, "editor"), **OURS}
        plain = site.ask("/api/review/one", {**editor, "Content-Type": "text/plain"}, "POST", b"{}")
        assert (plain.status, plain.error) == (415, "send JSON, as application/json")
        large = post(site, "/api/review/one", editor, b" " * (1 << 20) + b"{}")
        assert (large.status, large.error) == (413, "more than 1 MiB at once")
        assert site.ask("/api/review/one", editor, "DELETE").status == 200


@pytest.mark.parametrize("path", ["/api/about", "/api/search", "/", "/api/reviewer", "/api/sql/x"])
def test_nothing_else_is_written(site: Site, shared_staff: Staff, path: str) -> None:
    headers = {**shared_staff.cookie(site, "keeper"), **OURS}
    reply = post(site, path, headers)
    assert (reply.status, reply.error) == (405, "POST: nothing is written at this address")
    for method in ("PATCH", "OPTIONS", "TRACE"):
        assert site.ask("/api/review/one", headers, method).status == 405


def test_without_people_nothing_is_written(out: Path) -> None:
    with served(out) as site:
        for path in ("/api/review/one", "/api/withdraw/one", "/api/sign-in", "/api/sign-out"):
            reply = post(site, path, OURS)
            assert (reply.status, reply.error) == (405, "POST: this server only reads")
        about = site.json("/api/about")
        assert (about["person"], about["writing"], about["signs_in_by"]) == (None, False, "")


def test_whoever_is_revoked_is_refused_with_the_next_request(out: Path, staff: Staff) -> None:
    with served(out, people=staff.file) as site:
        editor, keeper = staff.cookie(site, "editor"), staff.cookie(site, "keeper")
        assert site.ask("/api/about", editor).status == 200
        revoke_person(staff.file, "a editor")
        assert site.ask("/api/about", editor).status == 401
        assert site.ask("/api/about", keeper).status == 200
        token = add_person(staff.file, "new", "reader")
        cookie = {"Cookie": f"af3_browse_{site.port}={token}"}
        assert site.ask("/api/about", cookie).json["person"]["name"] == "new"


def test_a_damaged_file_lets_nobody_in_until_it_is_mended(
    out: Path, staff: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = staff.file.read_bytes()
    with served(out, people=staff.file) as site:
        keeper = staff.cookie(site, "keeper")
        for damaged in (whole[:-9], b"[[person]]", None):
            if damaged is None:
                staff.file.unlink()
            else:
                staff.file.write_bytes(damaged)
            for _ in range(2):
                reply = site.ask("/api/about", keeper)
                assert reply.status == 503
                assert reply.error.startswith("nobody is signed in: the file of people cannot be")
        staff.file.write_bytes(whole)
        assert site.ask("/api/about", keeper).status == 200
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(f"{staff.file}: ")[2][:12] for line in lines] == [
        "no TOML: Unt",
        "person 1: na",
        "No such file",
        "can be read ",
    ]


def test_guessing_is_stopped_and_who_is_signed_in_works_on(out: Path, staff: Staff) -> None:
    with served(out, people=staff.file) as site:
        keeper = staff.cookie(site, "keeper")
        assert site.ask("/api/about", keeper).status == 200
        for number in range(MOST_WRONG):
            body = json.dumps({"token": f"{number:043d}"}).encode()
            assert post(site, "/api/sign-in", OURS, body).status == 401
            assert site.ask(
                "/api/about", {"Cookie": f"af3_browse_{site.port}={0:043d}"}
            ).status in (
                401,
                429,
            )
        right = json.dumps({"token": staff.tokens["editor"]}).encode()
        reply = post(site, "/api/sign-in", OURS, right)
        assert reply.status == 429
        assert reply.error.startswith("too many wrong tokens from this address: try again in ")
        assert 0 < int(reply.headers["retry-after"]) <= WITHIN_S
        assert site.ask("/api/about", staff.cookie(site, "editor")).status == 429
        assert site.ask("/api/about", keeper).status == 200


def test_the_time_of_an_address_ends() -> None:
    now = [0.0]
    wrong = WrongTokens(lambda: now[0])
    for number in range(MOST_WRONG):
        wrong.check("10.0.0.1")
        wrong.add("10.0.0.1", "same")
        wrong.add("10.0.0.2", f"{number}")
    wrong.check("10.0.0.1")
    with pytest.raises(Refusal) as refused:
        wrong.check("::ffff:10.0.0.2")
    assert (refused.value.status, refused.value.headers) == (429, {"retry-after": "60"})
    now[0] = WITHIN_S
    wrong.check("10.0.0.2")


def test_what_belongs_to_one_machine() -> None:
    assert network_of("10.0.0.1") == "10.0.0.1"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"


def test_a_proxys_header_says_who_asks(staff: Staff) -> None:
    add_person(staff.file, "Zoë", "editor", with_token=False)
    with rooms(staff, THIS_MACHINE) as site:
        utf8 = {HEADER: "Zoë".encode().decode("latin-1")}
        assert post(site, "/api/review/one", {**utf8, **OURS}).json["name"] == "Zoë"
        assert post(site, "/api/review/one", {HEADER: "Zoë", **OURS}).json["name"] == "Zoë"
        assert post(site, "/api/withdraw/one", {**utf8, **OURS}).status == 403
        assert post(site, "/api/review/one", utf8).status == 403  # whose page asks is not said
        reply = site.ask("/api/review/one", {HEADER: "Mallory"})
        assert (reply.status, reply.error) == (
            403,
            "Mallory is none of those who may use this archive page",
        )
        token = staff.cookie(site, "keeper")
        assert site.ask("/api/review/one", token).status == 401
        assert site.ask("/api/review/one", {HEADER: " "}).status == 401
        assert site.ask("/", {}).status == 401
        assert site.ask("/static/modules/main.js", {}).status == 401


def test_a_header_is_taken_once(staff: Staff) -> None:
    with (
        rooms(staff, THIS_MACHINE) as site,
        socket.create_connection(("127.0.0.1", site.port)) as s,
    ):
        s.sendall(
            f"GET /api/review/one HTTP/1.1\r\nHost: {site.host}\r\n{HEADER}: a keeper\r\n"
            f"{HEADER.lower()}: a reader\r\nConnection: close\r\n\r\n".encode()
        )
        assert s.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_forged_header_is_refused(out: Path, staff: Staff) -> None:
    with served(out, people=staff.file, header=ELSEWHERE) as site:
        for path in ("/api/about", "/", "/static/modules/main.js", "/api/review/one"):
            forged = site.ask(path, {HEADER: "a keeper"})
            assert forged.status == 403
            assert forged.error == "X-Forwarded-User counts from the proxy alone: sign in there"
            assert site.ask(path, staff.cookie(site, "keeper")).status == 401
        assert post(site, "/api/sign-in", OURS).status == 401
    with served(out, people=staff.file) as site:  # no header was to be trusted
        assert site.ask("/api/about", {HEADER: "a keeper"}).status == 401
