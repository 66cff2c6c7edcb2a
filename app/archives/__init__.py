"""Many documents at once: a ZIP on the fly, or an archive that a job makes."""
