"""Pages of the accounts app, by concern."""
