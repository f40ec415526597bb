"""Using a trained model: sentences to vectors and vectors to sentences."""
