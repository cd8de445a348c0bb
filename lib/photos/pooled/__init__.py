"""What the photos of one listing say together: pooled vectors, rooms, condition."""
