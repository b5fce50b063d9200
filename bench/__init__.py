"""Measures this program beside its peers, on one server, in one run: `make bench`."""
