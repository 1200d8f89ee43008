"""The work: Beam jobs, one module each, over the ledger and the storage; the `af3` command."""
