"""All figures of one test, with verdicts and thresholds."""
