"""Benchmarks: ours and its peers measured in turns in one run, since only ratios within one run count. See README.md."""

from __future__ import annotations

import warnings

warnings.filterwarnings("ignore", r"\s*Eventlet is deprecated")  # Nameko stands on it; see the architecture
