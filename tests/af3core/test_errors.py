"""Which errors are a machine's fault is known in one place."""

from __future__ import annotations

from pathlib import Path

from af3core.errors import machine_fault_names

ROOT = Path(__file__).parents[2]


def test_every_fault_of_a_machine_is_declared_with_the_errors() -> None:
    sources = [path for top in ("af3core", "beam_jobs") for path in (ROOT / top).rglob("*.py")]
    declaring = [path for path in sources if "    is_machine_fault = True" in path.read_text()]
    assert declaring == [ROOT / "af3core/errors.py"]


def test_their_names_are_those_in_tables() -> None:
    names = machine_fault_names()
    assert {
        "AccessDenied",
        "ClipMissing",
        "ConfigurationError",
        "ConnectionRefusedError",
        "DecoderKilled",
        "FileNotFoundError",
        "GpuFull",
        "GpuMissing",
        "MachineModelError",
        "MemoryError",
        "ModelNotServed",
        "OSError",
        "PermissionError",
        "ServerUnavailable",
        "SettingUnsupported",
        "SoundNotKept",
        "SourceChanged",
        "StorageError",
        "ThinkModelMissing",
        "UnreadableObject",
    } <= names
    assert not names & {"DecodeFailed", "DecoderCrashed", "NotMedia", "ModelError", "ValueError"}
