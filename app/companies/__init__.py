"""The client companies."""
