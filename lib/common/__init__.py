"""What every stage shares: command line, parameters, files, processes, words, model.json."""
