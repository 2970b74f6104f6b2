"""Commands and queries of accounts (each is one transaction), and the cryptography they rest on."""
