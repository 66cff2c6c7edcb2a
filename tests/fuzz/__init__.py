"""Programs that look for what breaks a reader; not part of the tests."""
