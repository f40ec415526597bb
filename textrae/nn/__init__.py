"""Networks, from token ids to scores; no text, path or tokenizer comes here, and time is the first axis of a batch."""
