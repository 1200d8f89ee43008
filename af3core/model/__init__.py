"""AF3, asked many questions about much audio.

prompt ─► scheduler ─► runner (log_mel ─► encoder ─► decoder over cohorts) ─► choosing ─► writing

`af3_engine` ties them together; `transformers_engine` and `openai_engine` answer the same requests.
"""
