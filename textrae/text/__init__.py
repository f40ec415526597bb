"""Text in, token ids out: reading lines, the tokenizer, the split, and the token cache on disk."""
