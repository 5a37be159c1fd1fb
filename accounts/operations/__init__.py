"""The use cases of the accounts app, one module per concern."""
