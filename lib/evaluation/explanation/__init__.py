"""What each input adds to a value, exactly, and in words."""
