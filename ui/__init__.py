"""What every page is made of: tags, badges, choosers, failures in words, sheets."""
