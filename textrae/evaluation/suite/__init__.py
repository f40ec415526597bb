"""A folder of plain files that vectors are measured on, beside simple encodings of the same sentences."""
