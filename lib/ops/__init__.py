"""What people who run and review the pipeline use."""
