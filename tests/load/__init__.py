"""Heavy load and little time: what is decided, left for the next run, and reported."""
