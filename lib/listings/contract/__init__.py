"""What a feed's columns mean: names, types, units, ranges, row rules."""
