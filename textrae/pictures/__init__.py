"""Pictures laid out once: written as SVG without a dependency, as PNG and PDF by matplotlib."""
