"""The connection to Google Cloud Storage: one client a process, Google's rules for trying again.

`STORAGE_EMULATOR_HOST` names another server, which is asked without credentials.
"""

from __future__ import annotations

import base64
import functools
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO

from af3core.errors import AccessDenied, ConfigurationError, StorageError
from af3core.installation import install_command
from af3core.loaded_once import LoadedOnce
from af3core.storage.os_errors import storage_error

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud import storage
    from google.cloud.storage import Blob
    from requests import Response

SCHEME = "gs://"
CONNECTIONS = 128
"""Of one process to the server: so many requests are under way at once, and others wait."""
REQUESTS_OF_A_CALL = 32
"""Of them, those of one call over many objects."""
TIMEOUT_S = (10.0, 60.0)
"""For the connection, and between two bytes of an answer."""
RETRY_FIRST_S, RETRY_MOST_S, RETRY_FOR_S = 1.0, 32.0, 300.0
"""Waits double from the first to the most, each drawn at random below it; then the job gives up.

cloud.google.com/storage/docs/retry-strategy: 408, 429, 5xx and broken connections are tried again.
"""


def split_address(address: str) -> tuple[str, str]:
    """Bucket and prefix of gs://BUCKET/PREFIX; the prefix ends in a slash where there is one.

    Raises:
        ConfigurationError: it names no bucket, or packages of the extra `gcs` are missing.
    """
    bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
    if not address.startswith(SCHEME) or not bucket:
        raise ConfigurationError(f"{address}: give a folder, or gs://BUCKET/PREFIX")
    if not _has_client():
        raise ConfigurationError(f"{address}: needs {install_command('gcs')}")
    prefix = prefix.strip("/")
    return bucket, f"{prefix}/" if prefix else ""


@functools.cache
def _has_client() -> bool:
    """Google's client is installed. It is not imported for that: it takes half a second."""
    try:
        return importlib.util.find_spec("google.cloud.storage") is not None
    except ModuleNotFoundError:
        return False


def bucket_of(name: str) -> storage.Bucket:
    """A bucket by its name; no request is made."""
    return _client(os.getpid()).bucket(name)


def retry() -> Retry:
    """When and how long a request is tried again."""
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_delay(RETRY_FIRST_S, RETRY_MOST_S, 2.0).with_timeout(RETRY_FOR_S)


def _new_client(_process: int) -> storage.Client:
    """One client a process: a forked one must not share its parent's connections."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage
    from requests.adapters import HTTPAdapter

    # else the library looks the bucket up, for tracing, with each object that is not there
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        client = storage.Client(project="none", credentials=AnonymousCredentials())
    else:
        client = storage.Client(project=None)  # objects need none, and accounts may have none
    for scheme in ("https://", "http://"):
        adapter = HTTPAdapter(CONNECTIONS, CONNECTIONS, pool_block=True)
        client._http.mount(scheme, adapter)
    client._http.hooks["response"].append(_read_refusal)
    return client


def _read_refusal(response: Response, **_sent: Any) -> None:
    """Read an answer that is no data to its end, so that its connection serves the next request.

    The client library tries a download again without it, and the connection would be lost: those
    that wait for one would wait for ever.
    """
    if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        _ = response.content


_client = LoadedOnce(_new_client, most=1)


def download(blob: Blob, file: BinaryIO) -> None:
    """Fetch an object into a file, from its start, and verify the checksum of the whole.

    The client library does neither verify a download that it went on with after a broken
    connection, nor try again where the connection breaks in the answer that there is no such
    object: so both are done here.

    Raises:
        DataCorruption: the checksum did not fit for long.
        google.api_core.exceptions.NotFound: there is no such object.
    """
    from google.cloud.storage.exceptions import DataCorruption

    def transfer() -> None:
        file.seek(0)
        file.truncate()
        blob.download_to_file(
            file, raw_download=True, checksum=None, timeout=TIMEOUT_S, retry=retry()
        )
        if _crc32c(file) != blob.crc32c:
            raise DataCorruption(None, "the checksum of the download does not fit")

    _retry_broken()(transfer)()
    file.seek(0)


def download_range(blob: Blob, start: int, count: int) -> bytes:
    """So many bytes of an object, from a place in it; their number is verified.

    Raises:
        DataCorruption: there were fewer for long.
        google.api_core.exceptions.NotFound: there is no such object, or generation of it.
    """
    from google.cloud.storage.exceptions import DataCorruption

    def transfer() -> bytes:
        data: bytes = blob.download_as_bytes(
            start=start,
            end=start + count - 1,
            raw_download=True,
            checksum=None,
            timeout=TIMEOUT_S,
            retry=retry(),
        )
        if len(data) != count:
            raise DataCorruption(None, f"{len(data)} bytes came of {count}")
        return data

    return _retry_broken()(transfer)()


def _retry_broken() -> Retry:
    """The rules for what the client library does not try again itself."""
    import requests
    from google.api_core.retry import if_exception_type
    from google.cloud.storage.exceptions import DataCorruption

    broken = if_exception_type(DataCorruption, requests.RequestException, ConnectionError)
    return retry().with_predicate(broken)


def _crc32c(file: BinaryIO) -> str:
    """Google's spelling of the checksum of a file's bytes."""
    import google_crc32c

    file.seek(0)
    checksum = google_crc32c.Checksum()
    for chunk in iter(lambda: file.read(1 << 20), b""):
        checksum.update(chunk)
    return base64.b64encode(checksum.digest()).decode()


@contextmanager
def translate_errors(address: str) -> Iterator[None]:
    """Turn the client's errors into ours: what is wrong with the address, and what to do.

    Raises:
        ConfigurationError: there is no such bucket, or no credentials.
        AccessDenied: this account has no right, or its credentials are not taken.
        StorageError: no answer in the time for trying again.
    """
    from google.api_core import exceptions as api
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    try:
        yield
    except (api.Forbidden, api.Unauthorized) as error:
        raise AccessDenied(
            f"{address}: access is refused ({_one_line(error)}); give this account a role for it,"
            " such as roles/storage.objectUser to write or roles/storage.objectViewer to read"
        ) from error
    except api.NotFound as error:
        raise ConfigurationError(
            f"{address}: no such bucket; make it, or correct the name"
        ) from error
    except GoogleAuthError as error:
        # credentials that are there may be renewed again later
        missing = isinstance(error, DefaultCredentialsError)
        raise (ConfigurationError if missing else AccessDenied)(
            f"{address}: no credentials for Google Cloud ({_one_line(error)}); on a workstation:"
            " gcloud auth application-default login"
        ) from error
    except Exception as error:
        if isinstance(error, OSError) and not _is_network_error(error):
            if isinstance(error, FileNotFoundError):
                raise
            raise storage_error(error, f"{address} in {tempfile.gettempdir()}") from error
        if not _is_network_error(error):
            raise
        raise StorageError(
            f"{address}: the storage gave no good answer for {RETRY_FOR_S:g} s"
            f" ({_one_line(error)}); what is done is kept, run it again"
        ) from error


def _is_network_error(error: Exception) -> bool:
    import requests
    from google.api_core.exceptions import GoogleAPIError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

    known: tuple[Any, ...] = (
        GoogleAPIError,
        DataCorruption,
        InvalidResponse,
        requests.RequestException,
        ConnectionError,
    )
    return isinstance(error, known)


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
