"""
Readers of payroll files: bytes in, lines and problems out.

No Django, no clock, no I/O but a binary stream that is handed in. The accepted dialects are
written down in docs/reference/file-formats.md.

    reading.read          a file of any known format -> Reading (lines, head, problems)
    sie, csv, xlsx        one reader a format; gbat10 is a table of fixed columns within csv
    detection             which format is it
    suggesting            how a table is read where nobody has chosen yet
    settling              what the file decides by itself, and what a person must decide
    problems              every problem a file can have, with its remedy
"""
