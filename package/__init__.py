"""Build what `make build` ships: the code and its libraries, for one processor and one Python.

This code imports the standard library only, as it runs before any library is installed.
"""
