"""Who is answered: token, host, origin, methods; and what every answer carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_jobs.browse.app import STATIC
from beam_jobs.browse.http.request_checks import is_loopback
from tests.beam_jobs.browse.served import Reply, Site, served
from tests.beam_jobs.search.said import FIRST, publish

TOKEN = "a-token-that-is-long-enough"
DATA = ("/api/about", "/api/search", "/audio/a/b/c/d.flac", "/charts/default/hours.svg")
PAGES = ("/", "/recording/0123456789abcdef", "/corpus/default", "/sql")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("access") / "out"
    publish(out, FIRST, {"a" * 24: ["A storm at sea"]})
    return out


@pytest.fixture(scope="module")
def site(out: Path) -> Iterator[Site]:
    with served(out) as site:
        yield site


@pytest.fixture(scope="module")
def guarded(out: Path) -> Iterator[Site]:
    """A server that other machines can reach."""
    with served(out, host="0.0.0.0", token=TOKEN) as site:
        yield site


def cookie_of(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", [*PAGES, *DATA, "/static/modules/main.js", "/nothing"])
def test_without_the_token_nothing_is_answered(guarded: Site, path: str) -> None:
    reply = guarded.ask(path)
    assert reply.status == 401
    assert reply.error == "a token is needed; open the address that af3 browse printed"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "%00", "%ff"])
def test_a_wrong_token_is_refused(guarded: Site, token: str) -> None:
    assert guarded.ask(f"/?token={token}").status == 401
    cookie = f"af3_browse_{guarded.port}={token}"
    assert guarded.ask("/api/about", {"Cookie": cookie}).status == 401


def test_the_token_is_taken_from_the_address_into_a_cookie(guarded: Site) -> None:
    reply = guarded.ask(f"/corpus/default?a=1&token={TOKEN}")
    assert (reply.status, reply.headers["location"]) == (303, "/corpus/default?a=1")
    assert reply.headers["set-cookie"] == (
        f"af3_browse_{guarded.port}={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    )
    for path in (*PAGES, "/api/about"):
        assert guarded.ask(path, {"Cookie": cookie_of(reply)}).status == 200


def test_the_token_leads_to_no_other_server(guarded: Site) -> None:
    reply = guarded.ask(f"//elsewhere.example/?token={TOKEN}")
    assert reply.headers["location"] == "/elsewhere.example/"


def test_the_token_in_an_address_opens_no_data(guarded: Site) -> None:
    assert guarded.ask(f"/api/about?token={TOKEN}").status == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.2:1", "LOCALHOST:80"])
def test_this_machine_may_call_itself_so(site: Site, host: str) -> None:
    assert site.ask("/api/about", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[x"],
)
def test_another_name_that_was_made_to_point_here_is_refused(site: Site, host: str) -> None:
    reply = site.ask("/api/about", {"Host": host})
    assert reply.status == 403
    assert reply.error == "this server answers to localhost and 127.0.0.1 only"


@pytest.mark.parametrize("path", DATA)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_get_no_data(site: Site, path: str, headers: dict[str, str]) -> None:
    assert site.ask(path, headers).status == 403


def test_a_link_from_another_site_opens_a_page(site: Site) -> None:
    assert site.ask("/", {"Sec-Fetch-Site": "cross-site"}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_only_reads(site: Site, method: str) -> None:
    reply = site.ask("/api/about", method=method)
    assert reply.status == 405
    assert reply.error == f"{method}: this server only reads"


@pytest.mark.parametrize("path", [*PAGES, *DATA, "/nothing", "/static/modules/main.js"])
def test_every_answer_carries_the_policy(site: Site, path: str) -> None:
    headers = site.ask(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_script_of_their_own(site: Site, path: str) -> None:
    reply = site.ask(path)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = reply.body.decode()
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert scripts
    for attributes, inside in scripts:
        assert 'src="/static/' in attributes
        assert inside.strip() == ""
    assert not re.search(r"\son\w+\s*=|javascript:|\sstyle\s*=|<style", text)


def test_all_of_the_static_files_are_served(site: Site) -> None:
    for path in STATIC.rglob("*"):
        if path.is_file():
            reply = site.ask(f"/static/{path.relative_to(STATIC).as_posix()}")
            assert (reply.status, reply.body) == (200, path.read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fcli.py",
        "/static/..\\app.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/index.html%00.js",
        "/static/" + "a" * 5000,
        "/../../../etc/passwd",
        "/recording/../../etc/passwd",
        "/api/recording/..%2f..%2fetc%2fpasswd",
        "/api/corpus/%2e%2e",
        "/api/corpus/..%5c..",
        "/charts/%2e%2e/hours.svg",
    ],
)
def test_paths_lead_nowhere_else(site: Site, path: str) -> None:
    reply = site.ask(path)
    assert reply.status in (404, 405)
    assert reply.error
    assert b"root:" not in reply.body


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.2", False),
        ("localhost.example", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
