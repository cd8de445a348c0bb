"""What is wrong throughout: columns that lie in most rows, rules that would take most sales."""
