"""Measurements: ratios of ours to a floor or a peer, side by side in one run."""
