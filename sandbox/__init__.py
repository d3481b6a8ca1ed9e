"""A simulation for the demo and the tests: AWS, clusters, nodes and attackers.

Nothing here is deployed, and nothing here connects to another machine.
"""
