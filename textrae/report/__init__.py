"""What a run is and does, on one page: measured, drawn and written as HTML that needs nothing else."""
