"""Visma Business NXT: the GraphQL service and the ledger behind it."""
