"""What happens between a request and an operation: the table of routes, and one handling for all of them."""
