"""
The rules of journals: functions over frozen dataclasses. No Django, no clock, no I/O but a
binary stream that is handed in.

    reading.read          a file of any known format -> Reading (lines, head, problems)
    detection             which format is it, and which column holds what
    comparing             two readings of the same run, line by line
    planning, posting     what will be posted, in which period, with which dimensions
    preflight             what would stop it, before any call that writes
    proving               is what the ledger holds what we sent
"""
