"""The same view as others would build it, to be measured beside ours; each runs as its own process."""
