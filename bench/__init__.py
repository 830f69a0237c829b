"""The bench: `make bench`. docs/bench.md explains every row."""
