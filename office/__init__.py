"""What spans journals and payments: the month board."""
