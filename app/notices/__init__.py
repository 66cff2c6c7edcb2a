"""Mails that the portal itself writes to people: written down first, then sent."""
