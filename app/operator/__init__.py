"""The platform's console and its pulse."""
