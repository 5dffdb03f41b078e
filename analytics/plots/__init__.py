"""The analysts' pictures: a frame in, a figure out; none of them reads the database."""
