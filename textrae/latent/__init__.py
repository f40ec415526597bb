"""The latent space: drawing from it, walking through it, and measuring how a model uses it."""
