"""Benchmarks: ours and its peers measured in turns in one run, since only ratios within one run count. See README.md."""
