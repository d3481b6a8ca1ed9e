"""The entry points of the Lambda functions: settings, wiring, failed invocations."""
