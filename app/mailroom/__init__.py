"""Mail that comes in: kept as it came, then led to where it belongs."""
