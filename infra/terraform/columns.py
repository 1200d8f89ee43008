"""The columns of BigQuery's external tables, from the schemas of the tables.

`python -m infra.terraform.columns` writes `modules/bigquery/tables.json`, which Terraform reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.sql.column_types import type_name
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES

FILE = Path(__file__).parent / "modules" / "bigquery" / "tables.json"

# the API gives these names back, whichever it was given
_NAMES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}


def as_text() -> str:
    """The file."""
    return json.dumps({table.name: as_json(table) for table in ALL_TABLES}, indent=2) + "\n"


def as_json(table: Table) -> dict[str, Any]:
    """Description and columns of a table; corpus and date come from the objects' names."""
    columns = [_column(c.name, c.type, c.description) for c in table.columns]
    return {"description": table.description, "columns": columns}


def _column(name: str, type_: pa.DataType, description: str = "") -> dict[str, Any]:
    """A column. None is REQUIRED: BigQuery does not enforce that of external tables."""
    mode = "NULLABLE"
    if pa.types.is_list(type_):
        mode, type_ = "REPEATED", type_.value_type
    column: dict[str, Any] = {"name": name, "mode": mode}
    if description:
        column["description"] = description
    if pa.types.is_struct(type_):
        fields = [_column(field.name, field.type) for field in type_]
        return {**column, "type": "RECORD", "fields": fields}
    name_of_type = type_name(type_, "bigquery")
    return {**column, "type": _NAMES.get(name_of_type, name_of_type)}


def main() -> int:
    """Write the file."""
    FILE.write_text(as_text(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
