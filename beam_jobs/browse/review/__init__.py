"""Review on the archive page: editors correct answers, queues of them, drafts, presence."""
