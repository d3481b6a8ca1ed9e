"""The account and the clusters that the commands look at."""
