"""People called to a comment by «@»: who may be, who was, and who has not seen it."""
