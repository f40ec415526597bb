"""A trained model at work: sentences to vectors and vectors to sentences."""
