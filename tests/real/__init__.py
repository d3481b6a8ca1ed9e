"""The real programs that tests run against; each is built or started from here."""
