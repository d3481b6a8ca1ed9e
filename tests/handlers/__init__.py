"""The Lambda functions as they run, on the fake AWS and fake clusters."""
