"""From a corpus to a run: the loop, its losses and regularisers, and what is kept to resume it."""
