"""Our engine while it runs: scheduler, batch loop, sampler, detokenizer, CUDA graphs."""
