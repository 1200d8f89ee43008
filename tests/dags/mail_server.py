"""A real server that receives mail: the commands that RFC 5321 asks of every one, without TLS."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailServer:
    """Its port, and the messages that were sent to it."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)

    @property
    def connection(self) -> str:
        """As Airflow's connection `smtp_default`, which sends without TLS and from this address."""
        extra = "disable_ssl=true&disable_tls=true&from_email=af3%40example.org&timeout=10"
        return f"smtp://127.0.0.1:{self.port}/?{extra}"

    def about(self, words: str) -> list[EmailMessage]:
        return [message for message in self.messages if words in message["Subject"]]


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._answer("220 ready")
        for line in self.rfile:
            verb = line.decode("ascii", "replace").upper().split(" ")[0].strip()
            if verb == "DATA":
                self._answer("354 go on, end with a dot")
                self._receive()
            self._answer({"QUIT": "221 bye"}.get(verb, "250 ok"))
            if verb == "QUIT":
                return

    def _receive(self) -> None:
        lines = []
        for line in self.rfile:
            if line in (b".\r\n", b".\n"):
                break
            lines.append(line.removeprefix(b"."))
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.received.append(message)

    def _answer(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    received: list[EmailMessage]


@contextmanager
def receiving_mail() -> Iterator[MailServer]:
    """A server on a free port, while the body runs."""
    server = _Server(("127.0.0.1", 0), _Session)
    mail = MailServer(server.server_address[1])
    server.received = mail.messages
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield mail
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
