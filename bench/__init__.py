"""What `make bench` runs: speed as ratios against a named peer, measured in one run."""
