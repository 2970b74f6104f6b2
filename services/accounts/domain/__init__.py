"""The rules of accounts. Pure functions, no I/O."""
