"""The rules of mapping: no Django, no database, no clock."""
