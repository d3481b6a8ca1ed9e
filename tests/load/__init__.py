"""Much at once, and little time: who is served, what is left for the next run, what is told."""
