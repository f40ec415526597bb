"""Runs as an HTTP service: what OpenAI's clients ask, what textrae can do besides, and a page to play with."""
