"""The Lambda functions as they run, on the practice AWS and practice clusters."""
