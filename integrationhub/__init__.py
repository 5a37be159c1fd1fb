"""The hub's own wiring: settings, start, health. Importing it loads nothing (see `apps`)."""
