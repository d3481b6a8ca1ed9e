"""A table of the faults between the functions, AWS and the clusters."""
