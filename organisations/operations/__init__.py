"""What can be done with organisations and the people in them."""
