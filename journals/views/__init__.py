"""HTTP to Python and back."""
