"""The load ledger: which file was loaded when, and how it went."""
