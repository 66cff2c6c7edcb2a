"""Mail that a provider took for us and brings by a request: whether it is really the
provider, and what it brings. One file for each."""
