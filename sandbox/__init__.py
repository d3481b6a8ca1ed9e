"""The practice world, for the demo and the tests: AWS, clusters, nodes and those who pose as nodes.

Nothing here is deployed, and nothing here reaches beyond this machine.
"""
