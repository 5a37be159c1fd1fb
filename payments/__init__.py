"""Payment import. Nothing here yet."""
