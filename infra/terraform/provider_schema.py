"""The arguments of the Google provider's resources that are used here: `provider_schema.json`.

`terraform validate` needs the provider, and so the network; the tests check against this file.
It is made from the last CDK bindings that HashiCorp generated from the provider's schema:

    npm pack @cdktf/provider-google@16.12.1 && tar xzf cdktf-provider-google-16.12.1.tgz
    python -m infra.terraform.provider_schema package/.jsii
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FILE = FOLDER / "provider_schema.json"
_USED = re.compile(r'^(resource|data) "(google_\w+)"', re.MULTILINE)
_NAME = re.compile(r"docs/(resources|data-sources)/(\w+)#(\w+) ")


def used_types() -> set[tuple[str, str]]:
    """("resource" or "data", type) of all blocks in the modules."""
    texts = [path.read_text("utf-8") for path in FOLDER.rglob("*.tf")]
    return {(kind, name) for text in texts for kind, name in _USED.findall(text)}


def extract(types: dict[str, Any], used: set[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """For each type: its arguments, which of them are required, and its nested blocks."""
    found: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    for name, described in types.items():
        match = _config_of(name, described)
        if match and match in used:
            found[match[0]][match[1]] = _block(types, name)
    missing = used - {(kind, name) for kind, names in found.items() for name in names}
    if missing:
        raise SystemExit(f"the bindings do not have {sorted(missing)}")
    return {kind: dict(sorted(names.items())) for kind, names in found.items()}


def _config_of(name: str, described: dict[str, Any]) -> tuple[str, str] | None:
    if not name.endswith("Config") or "cdktf.TerraformMetaArguments" not in described.get(
        "interfaces", ()
    ):
        return None
    for member in described.get("properties", ()):
        match = _NAME.search(member["docs"].get("remarks", ""))
        if match:
            return "resource" if match[1] == "resources" else "data", f"google_{match[2]}"
    return None


def _block(types: dict[str, Any], name: str) -> dict[str, Any]:
    block: dict[str, Any] = {"required": [], "arguments": [], "blocks": {}}
    for member in types[name].get("properties", ()):
        match = _NAME.search(member["docs"].get("remarks", ""))
        argument = match[3] if match else _snake(member["name"])
        if not member.get("optional"):
            block["required"].append(argument)
        nested = [n for n in _named(member["type"]) if n in types]
        if nested:
            block["blocks"][argument] = _block(types, nested[0])
        else:
            block["arguments"].append(argument)
    return block


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def _named(type_: dict[str, Any]) -> list[str]:
    """Types that a type names, below lists and unions."""
    if "fqn" in type_:
        return [type_["fqn"]]
    if "collection" in type_:
        return _named(type_["collection"]["elementtype"])
    return [name for part in type_.get("union", {}).get("types", ()) for name in _named(part)]


def main() -> int:
    """Write the file; a type a line."""
    types = json.loads(Path(sys.argv[1]).read_text("utf-8"))["types"]
    kinds = []
    for kind, names in extract(types, used_types()).items():
        lines = [f'"{name}": {json.dumps(block)}' for name, block in names.items()]
        kinds.append(f'"{kind}": {{\n' + ",\n".join(lines) + "\n}")
    FILE.write_text("{\n" + ",\n".join(kinds) + "\n}\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
