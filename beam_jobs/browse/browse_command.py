"""`af3 browse`: a server over the tables, until Ctrl-C."""

from __future__ import annotations

import argparse
import ipaddress
import os
import secrets
import socket
from pathlib import Path
from typing import Any, NoReturn

from af3core.errors import ConfigurationError
from beam_jobs.talk.answerer import open_answerer
from schemas.options.reading import TOKEN_VARIABLE

DESCRIPTION = f"""\
Serve the archive page over the tables of a night or of many: search, recordings with their sound,
corpora, SQL. It only reads. With --model, a recording can be asked about: hold the button and
speak, or write; the answer is written and spoken. Without --host, only this machine can reach it;
with another address a token is needed, made anew unless --token or {TOKEN_VARIABLE} gives one.
With --people, everybody signs in by a name, and what a role allows can be written."""
_THIS_MACHINE = ("127.0.0.0/8", "::1/128")
_BACKLOG = 128


def run_browse(known: argparse.Namespace) -> NoReturn:
    """Serve until Ctrl-C or SIGTERM, which end the process with exit code 0.

    Raises:
        ConfigurationError: no tables, or the address is taken or none.
    """
    from beam_jobs.browse.app import create_app
    from beam_jobs.browse.browsed_archive import Archive
    from beam_jobs.browse.http.server import serve
    from beam_jobs.browse.talk.answer_socket import TalkSocket

    if known.speaker and not known.model:
        raise ConfigurationError("--speaker: nobody speaks without --model")
    archive = Archive(known.out, known.text_model)
    with _listening_socket(known.host, known.port) as listener:
        access = access_of(known, listener.getsockname()[1])
        talk = TalkSocket(archive.tables, open_answerer(known)) if known.model else None
        serve(create_app(archive, access, talk), listener, address_of(access))
    # what is still being loaded in a thread would be torn down in the middle, and complain
    os._exit(0)


def access_of(known: argparse.Namespace, port: int) -> Any:
    """Who may ask at the address of the options; beyond this machine nobody without a token, or a
    name of --people.

    Raises:
        ConfigurationError: the options do not go together, or the file of people is wrong.
    """
    from beam_jobs.browse.http.admission import Access, is_token
    from beam_jobs.browse.http.request_checks import is_loopback
    from beam_jobs.people.watched_people import WatchedPeople

    given = known.token or os.environ.get(TOKEN_VARIABLE, "")
    if given and not is_token(given):
        raise ConfigurationError(f"--token, {TOKEN_VARIABLE}: 16 to 128 letters, digits, - and _")
    if known.people is None:
        for flag, value in _OF_PEOPLE.items():
            if getattr(known, value):
                raise ConfigurationError(f"{flag} needs --people FILE, which has names and roles")
        own = "" if is_loopback(known.host) else secrets.token_urlsafe(24)
        return Access(known.host, port, given or own)
    if given:
        raise ConfigurationError(
            f"--token, {TOKEN_VARIABLE}: with --people each person has a token; leave it out"
        )
    people = WatchedPeople(Path(known.people))
    return Access(known.host, port, people=people, header=_proxy_header(known))


_OF_PEOPLE = {"--trust-header": "trust_header", "--trusted-proxy": "trusted_proxy"}


def _proxy_header(known: argparse.Namespace) -> Any:
    """Whose header says who asks; None where people sign in by tokens."""
    from beam_jobs.browse.http.admission import ProxyHeader
    from beam_jobs.browse.http.request_checks import is_loopback

    if known.trust_header is None:
        if known.trusted_proxy:
            raise ConfigurationError("--trusted-proxy needs --trust-header, the header that counts")
        return None
    if not known.trusted_proxy and not is_loopback(known.host):
        raise ConfigurationError(
            f"--trust-header with --host {known.host}: whoever reaches this address could forge"
            " the header; name the proxy by --trusted-proxy ADDRESS"
        )
    networks = map(ipaddress.ip_network, known.trusted_proxy or _THIS_MACHINE)
    return ProxyHeader(known.trust_header, tuple(networks))


def address_of(access: Any) -> str:
    """What a reader opens, with the token."""
    host = access.host
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 (all of this machine's addresses)
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    query = f"?token={access.token}" if access.token else ""
    return f"http://{shown}:{access.port}/{query}"


def _listening_socket(host: str, port: int) -> socket.socket:
    """The socket, before anything is loaded: a wrong address is said at once."""
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"--host {host}: no address ({error.strerror})") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"--host {host} --port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listener
