"""The work: Beam jobs over the ledger and the storage, by the stage of the work; `af3`."""

from beam_jobs import modules_of_0_1

modules_of_0_1.install()
