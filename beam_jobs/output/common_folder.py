"""Addresses of recordings on a terminal: the folder that they share once, and the rest of each."""

from __future__ import annotations

from collections.abc import Sequence


def common_folder(addresses: Sequence[str]) -> str:
    """The innermost folder of all addresses with its last slash; empty of fewer than two, or where
    they share none.
    """
    different = set(addresses)
    if len(different) < 2:
        return ""
    folder = ""
    folders = [address.split("/")[:-1] for address in sorted(different)]
    for parts in zip(*folders, strict=False):
        if len({*parts}) > 1:
            break
        folder += f"{parts[0]}/"
    return "" if not folder.strip("/") or folder.endswith("://") else folder
