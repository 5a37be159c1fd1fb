"""
One way to talk HTTP to a vendor: timeouts, connection reuse, token, translation of failures.

Every request is sent once. Trying again is the business of the database row that wanted it,
so there is no retry here but one: a request answered 401 was not executed, so it is sent a
second time with a fresh token, a write too.
"""
