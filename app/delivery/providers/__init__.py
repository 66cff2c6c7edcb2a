"""What the mail providers tell of our messages: who really speaks, and what was said.

One file for each. `is_genuine` looks at the raw body; `events` is a pure function that
gives an empty list for what it cannot read, and never raises.
"""
