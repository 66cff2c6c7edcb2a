"""Documents as pictures of their pages, and what can be done with the pages."""
