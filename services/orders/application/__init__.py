"""What is done with the rules: one function per command, reaction, deadline or query, each within one transaction it is given."""
