"""Organisations, people and their rights, companies, connections and their tokens."""
