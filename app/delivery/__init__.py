"""What leaves, how, and the proof of it."""
