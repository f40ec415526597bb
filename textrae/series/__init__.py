"""Autoencoders of real-valued sequences: their files, training, run folder and facade."""
