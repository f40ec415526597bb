"""Runs as ONNX graphs, with a plain loop in Python that generates with them and a page that does so in a browser."""
