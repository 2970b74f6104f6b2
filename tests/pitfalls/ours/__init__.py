"""A service on the platform that does what the stock ones do."""
