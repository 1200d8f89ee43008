"""`af3 browse`: a server over the tables, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import socket
from typing import Any, NoReturn

from af3core.errors import ConfigurationError
from beam_jobs.talk.answerer import open_answerer
from schemas.options.reading import TOKEN_VARIABLE

DESCRIPTION = f"""\
Serve the archive page over the tables of a night or of many: search, recordings with their sound,
corpora, SQL. It only reads. With --model, a recording can be asked about: hold the button and
speak, or write; the answer is written and spoken. Without --host, only this machine can reach it;
with another address a token is needed, made anew unless --token or {TOKEN_VARIABLE} gives one."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
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

    given = known.token or os.environ.get(TOKEN_VARIABLE, "")
    if given and not _TOKEN.fullmatch(given):
        raise ConfigurationError(f"--token, {TOKEN_VARIABLE}: 16 to 128 letters, digits, - and _")
    if known.speaker and not known.model:
        raise ConfigurationError("--speaker: nobody speaks without --model")
    archive = Archive(known.out, known.text_model)
    with _listening_socket(known.host, known.port) as listener:
        access = access_at(known.host, listener.getsockname()[1], given)
        talk = TalkSocket(archive.tables, open_answerer(known)) if known.model else None
        serve(create_app(archive, access, talk), listener, address_of(access))
    # what is still being loaded in a thread would be torn down in the middle, and complain
    os._exit(0)


def access_at(host: str, port: int, token: str) -> Any:
    """Who may ask at an address; beyond this machine nobody without a token."""
    from beam_jobs.browse.http.access import Access, is_loopback

    return Access(host, port, token or ("" if is_loopback(host) else secrets.token_urlsafe(24)))


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
