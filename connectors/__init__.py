"""The way in: what sources say, read into the centre's records."""
