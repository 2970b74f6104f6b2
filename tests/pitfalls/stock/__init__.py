"""Services on Nameko's stock parts, as its manual would have them. Nothing of the project's is in them."""
