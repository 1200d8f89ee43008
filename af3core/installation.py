"""How the product is installed here: what an extra lacks, and the command that adds it.

What an extra holds stands in setup.py alone, and is read from the installed distribution. Nothing
is imported to be looked for.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from af3core.errors import ConfigurationError

DISTRIBUTION = "af3-archive"

_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;\[]*)(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")


@dataclass(frozen=True)
class Requirement:
    """A package that the product or one of its extras needs.

    Attributes:
        package: its name as a distribution.
        versions: those that fit, such as `>=2.11`; empty: all.
        installed: the version that is there; None where there is none.
    """

    package: str
    versions: str
    installed: str | None


def requirements_of(extra: str = "") -> tuple[Requirement, ...]:
    """What an extra needs, or the product itself; empty where nothing is known of it."""
    return tuple(_requirements(extra))


def missing_packages(extra: str = "") -> list[str]:
    """The packages of an extra that are not installed."""
    return [needed.package for needed in requirements_of(extra) if needed.installed is None]


def python_versions() -> str:
    """The versions of Python that fit, such as `>=3.11,<3.14`; empty where nobody says."""
    found = _distribution()
    return str(found.metadata["Requires-Python"] or "") if found else ""


def install_command(*extras: str) -> str:
    """The command that adds extras to this installation, from where it came."""
    names = f"[{','.join(extras)}]" if extras else ""
    pip = "pip" if importlib.util.find_spec("pip") else "uv pip"
    origin = _origin()
    folder = _folder(origin)
    if folder is not None:
        place = "." if folder == Path.cwd() else str(folder)
        is_editable = bool(origin.get("dir_info", {}).get("editable"))
        return f"{pip} install {'-e ' if is_editable else ''}{_quoted(f'{place}{names}')}"
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        url = f"{origin['vcs_info'].get('vcs', 'git')}+{url}@{origin['vcs_info'].get('commit_id')}"
    source = f" @ {url}" if url and not url.startswith("file:") else ""
    if url.startswith("file:") or not _distribution():
        # the folder is gone, or nothing was installed
        return f"{pip} install {_quoted(f'.{names}')} in a checkout of {DISTRIBUTION}"
    return f"{pip} install {_quoted(f'{DISTRIBUTION}{names}{source}')}"


def _quoted(text: str) -> str:
    """As people write it: brackets are a shell's patterns."""
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") or "[" not in text else f"'{text}'"


def _distribution() -> importlib.metadata.Distribution | None:
    """What is installed. A build leaves an egg-info in the checkout, which is no installation."""
    found = importlib.metadata.distributions(name=DISTRIBUTION)
    return next((each for each in found if each.read_text("METADATA") is not None), None)


def _origin() -> dict[str, Any]:
    """Where it was installed from (packaging.python.org/specifications/direct-url); empty: from
    an index.
    """
    found = _distribution()
    text = found.read_text("direct_url.json") if found else None
    try:
        origin = json.loads(text or "{}")
    except ValueError:
        return {}
    return origin if isinstance(origin, dict) else {}


def _folder(origin: dict[str, Any]) -> Path | None:
    """The checkout that it was installed from, or that it runs in; None where there is none."""
    if "dir_info" in origin:
        folder = Path(unquote(urlsplit(str(origin.get("url", ""))).path))
    elif _distribution() is None:
        folder = Path(__file__).parents[1]
    else:
        return None
    return folder if (folder / "setup.py").is_file() else None


def _requirements(extra: str) -> Iterator[Requirement]:
    found = _distribution()
    for line in (found.requires or ()) if found else ():
        match = _REQUIREMENT.fullmatch(line.strip())
        if match is None:
            continue
        package, versions, marker = match[1], match[2].strip(" ()"), match[3] or ""
        named = _EXTRA.search(marker)
        if (named[1] if named else "") != extra:
            continue
        yield Requirement(package, versions, _installed(package))


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def require_extra(extra: str, what: str) -> None:
    """Raise before any work where packages are missing; where nothing is known of them, go on.

    Args:
        extra: of setup.py.
        what: needs it, for the message.

    Raises:
        ConfigurationError: names the packages and the command that installs them.
    """
    missing = missing_packages(extra)
    if missing:
        raise ConfigurationError(f"{what} needs {', '.join(missing)}: {install_command(extra)}")
