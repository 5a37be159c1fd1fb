"""Reading for screens: finished rows, a fixed number of SQL queries."""
