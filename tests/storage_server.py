"""A storage server that speaks Google Cloud Storage's protocol, filled from a folder."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BUCKET = "archive-tables"


@contextmanager
def bucket_with(folder: Path, files: Iterable[Path], prefix: str) -> Iterator[str]:
    """The files of a folder below a prefix of a bucket; gives its address. Clients find the server
    by the environment while the body runs.
    """
    from gcp_storage_emulator.server import create_server
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    patch = pytest.MonkeyPatch()
    patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    try:
        client = storage.Client(project="test", credentials=AnonymousCredentials())
        for path in files:
            blob = client.bucket(BUCKET).blob(f"{prefix}/{path.relative_to(folder)}")
            blob.upload_from_filename(path)
        yield f"gs://{BUCKET}/{prefix}"
    finally:
        patch.undo()
        server.stop()
