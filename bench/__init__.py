"""What does a turn cost beside its floor? Ratios of one run; see README.md."""
