"""What Guichet costs, measured beside what bounds it. Run by `bin/bench`."""
