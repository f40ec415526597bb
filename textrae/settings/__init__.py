"""What may be chosen: frozen, validated dataclasses and the rules across them. No torch, no file but TOML."""
