"""
Stand-ins of the vendors that people and tests run: one process, nothing installed, no contract.

It imports none of the hub's code, so that it cannot share the hub's mistakes. Facts about a
vendor carry their source in a comment; what no source confirms is marked "sandbox's choice".
"""
