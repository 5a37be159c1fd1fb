"""Who did what to which object, from where and when."""
