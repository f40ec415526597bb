"""How good a model is, in the field's measures."""
