"""The impure corner that every stage shares: command line, parameters, files, checks."""
