"""Whatever is done exactly once at a vendor: written once, for every app that sends."""
