"""The AWS account and the clusters that the commands read."""
