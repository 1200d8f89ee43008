"""Objects of an output that no table, plan or configuration names any more: found, and removed."""
