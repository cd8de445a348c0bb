"""Which sales lie near a home, as of its date: comparables, and how many there are."""
