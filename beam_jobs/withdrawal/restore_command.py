"""`af3 restore`: what was withdrawn is there again, as long as it was not removed."""

from __future__ import annotations

import argparse

from af3core.errors import ConfigurationError
from af3core.messages import Level, tell, telling
from af3core.storage.address import store_at
from beam_jobs.framework.outputs import check_output
from beam_jobs.framework.process import say
from beam_jobs.withdrawal.withdrawing import UnknownRecordings, restore


def run_restore(known: argparse.Namespace) -> int:
    """Lift the tombstones of recordings.

    Raises:
        ConfigurationError: nothing withdrawn has a name, or it was removed.
        StorageError: the storage is in trouble.
    """
    store = store_at(known.out)
    check_output(store)
    if not known.recording:
        raise ConfigurationError("RECORDING is missing: name what is restored")
    try:
        lifted = restore(store, known.recording, known.corpus, known.holds, known.anew)
    except UnknownRecordings as error:
        for line in error.wrong:
            tell(line, Level.ERROR)
        raise
    if not telling().is_quiet:
        say([f"restored {each.recording_id} of corpus {each.corpus}" for each in lifted])
    return 0
