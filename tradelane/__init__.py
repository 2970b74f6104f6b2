"""The operator's command line: starts the system, runs demonstration trades, looks after databases and the broker."""
