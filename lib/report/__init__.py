"""What people read: sentences, plots and pages."""
