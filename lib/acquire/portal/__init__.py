"""One portal through a real browser: allowed hosts, pace, pages, files, secrets."""
