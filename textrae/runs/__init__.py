"""The run folder: its bytes, a folder of any kind, and the run of a text model as typed values."""
