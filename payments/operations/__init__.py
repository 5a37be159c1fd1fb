"""The use cases of payments, one function per verb; nothing else here calls a connector."""
