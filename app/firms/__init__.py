"""The tenant: the firm and its brand."""
