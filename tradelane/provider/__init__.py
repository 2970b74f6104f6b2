"""The sandbox payment provider: another company's HTTP service for all that the platform knows, in a process and a database of its own. It moves no money."""
