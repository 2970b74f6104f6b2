"""`python -m tradelane` is the `tradelane` command."""

from tradelane.cli import main

main()
