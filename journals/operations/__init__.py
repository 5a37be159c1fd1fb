"""The use cases of journals, one module per verb."""
