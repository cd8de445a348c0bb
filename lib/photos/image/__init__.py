"""One picture: decoded under limits, rejected with a reason, its room, the same as another."""
