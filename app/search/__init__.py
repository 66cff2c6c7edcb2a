"""Finding documents by their names and their texts."""
