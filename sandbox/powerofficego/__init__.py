"""PowerOffice Go: its API, and the books of its clients."""
