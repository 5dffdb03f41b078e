"""One module per CSV export, and what they share to read a file."""
