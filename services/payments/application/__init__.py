"""What payments does: commands, queries, reactions to orders' events, and the books' audit."""
