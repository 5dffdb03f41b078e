"""Every SELECT behind a figure, named by the question it answers; moments and dates come in as bound values."""
