"""The table of corrections is published behind the answers: soon, and not for each of them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from af3core.errors import Af3Error
from af3core.messages import tell

EVERY_S = 2.0
AFTER_TROUBLE_S = 30.0
"""Until the next try where the storage was in trouble."""


class BackgroundPublisher:
    """Publishes the corrections of corpora for which it was asked, each at most every few seconds.

    What it is asked for is durable before: where the server dies first, the next correction, or the
    first look of the next server's editor, publishes it.

    Args:
        publish: brings the table of a corpus up to date.
        every_s: between two publishes.
    """

    def __init__(self, publish: Callable[[str], object], every_s: float = EVERY_S) -> None:
        self._publish = publish
        self._every_s = every_s
        self._wanted: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._publishing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._news = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble_until_s = 0.0

    def ask(self, corpus: str) -> None:
        """Publish a corpus soon."""
        with self._news:
            self._wanted[corpus] = self._wanted.get(corpus, 0) + 1
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    _tell_delay(corpus, error)
                    return
                self._thread = thread
            self._news.notify()

    def settle(self, corpus: str) -> None:
        """Publish what is still to be published of a corpus now.

        Raises:
            StorageError: the storage is in trouble; it is tried again behind.
        """
        with self._news:
            lock = self._publishing[corpus]
        if corpus not in self._waiting():
            return
        with lock:
            wanted = self._wanted.get(corpus, 0)
            if corpus in self._waiting():  # another one may have done it meanwhile
                self._publish(corpus)
                self._done[corpus] = wanted

    def settle_all(self) -> None:
        """The same for all corpora; not where the storage was in trouble a moment ago."""
        if time.monotonic() >= self._trouble_until_s:
            self.publish_all()

    def close(self) -> None:
        """Publish what is left, and end."""
        self._closed.set()
        with self._news:
            self._news.notify()
        if self._thread is not None:
            self._thread.join()
        self.publish_all()

    def _waiting(self) -> list[str]:
        return [c for c, wanted in list(self._wanted.items()) if self._done.get(c, 0) < wanted]

    def _run(self) -> None:
        while not self._closed.is_set():
            with self._news:
                self._news.wait_for(lambda: self._closed.is_set() or bool(self._waiting()))
            well = self._closed.is_set() or self.publish_all()
            self._closed.wait(self._every_s if well else AFTER_TROUBLE_S)

    def publish_all(self) -> bool:
        """Publish each corpus that waits; gives whether all went well, and says what did not."""
        well = True
        for corpus in self._waiting():
            try:
                self.settle(corpus)
            except Af3Error as error:
                well = False
                self._trouble_until_s = time.monotonic() + AFTER_TROUBLE_S
                _tell_delay(corpus, error)
        return well


def _tell_delay(corpus: str, error: Exception) -> None:
    tell(f"corrections of corpus {corpus} are kept, and not published yet: {error}")
