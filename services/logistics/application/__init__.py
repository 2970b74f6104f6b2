"""What logistics does: commands, queries, reactions to orders' events, the papers and how they are printed, and the audit."""
