"""What people who run and review the pipeline read: comparisons of two revisions."""
