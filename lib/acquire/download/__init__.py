"""One run of the downloader: what to ask for, whether it is whole, what is kept."""
