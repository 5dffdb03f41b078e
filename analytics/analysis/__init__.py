"""The analysts' questions, one module each: a question to the database in, a tidy frame out; the pictures are in `analytics.plots`."""
