"""The forms of mapping: the steps of the wizard, and the tables of values."""
