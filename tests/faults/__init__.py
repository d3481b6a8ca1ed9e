"""What can go wrong between the functions, AWS and the clusters, as one table."""
