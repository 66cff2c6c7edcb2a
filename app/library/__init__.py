"""Folders and documents (the GED)."""
