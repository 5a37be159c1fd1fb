"""An app of a few lines that adds one of everything to the apps below."""
