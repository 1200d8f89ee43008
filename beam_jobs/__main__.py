"""`python -m beam_jobs JOB`: the `af3` command, where none is installed."""

from beam_jobs.entry import main

if __name__ == "__main__":
    raise SystemExit(main())
