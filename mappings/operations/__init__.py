"""The use cases of mapping."""
