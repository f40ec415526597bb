"""Measuring how good a model is, by the field's measures."""
