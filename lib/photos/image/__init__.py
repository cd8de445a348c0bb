"""One picture: decoded under limits, rejected with a reason, or the same as another."""
