"""A message's bytes to its parts, and what of them are papers.

Works in the process apart (`apart_mail`): knows no settings, no database, no network.
"""
