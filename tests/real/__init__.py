"""The real programs that tests run against, each built or started from here."""
