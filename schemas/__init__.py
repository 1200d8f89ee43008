"""The contract: identities, object layout, table schemas and the SQL views over them."""
