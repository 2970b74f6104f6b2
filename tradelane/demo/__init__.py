"""A whole trade as two clients over HTTP: what it says (a trade file), how it is walked, how it is shown."""
