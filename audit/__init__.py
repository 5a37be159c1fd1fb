"""Who did what to which object, when, and from which address."""
