"""`af3 subtitles`: the transcripts of recordings as subtitles."""
