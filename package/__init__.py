"""What `make build` ships: the code and its libraries, for one processor and one Python.

It needs no library itself, as it runs before any is there.
"""
