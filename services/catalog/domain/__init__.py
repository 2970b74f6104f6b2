"""The rules of catalog: products, reservations, words to search by. Pure functions and frozen dataclasses, no I/O."""
