"""AF3, asked many questions about much audio.

prompt ─► scheduler ─► runner (log-mel ─► encoder ─► decoder over KV caches)
       ─► sampler ─► detokenizer

`runtime.batch_loop` runs these steps for `engines.af3_engine`; `engines.transformers_engine` and
`engines.openai_engine` answer the same requests. `network` has the modules of tensors, `weights`
the checkpoints, `streaming` answers that come piece by piece.
"""
