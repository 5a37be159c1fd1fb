"""What the month board shows."""
