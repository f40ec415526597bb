"""The space of encodings: draws from it, paths through it, a mixture fitted to it, diagnosed posteriors."""
