"""The tables: columns with types and descriptions, versions, order of rows."""
