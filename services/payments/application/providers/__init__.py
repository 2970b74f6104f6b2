"""Payment providers: the one port they all sit behind, and an adapter each."""
