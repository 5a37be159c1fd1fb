"""Reading for the screens of payments: finished rows, a fixed number of queries each."""
