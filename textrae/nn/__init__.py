"""The networks. Nothing here sees a string, a path or a tokenizer; time is the first axis inside."""
