"""The way out by mail."""
