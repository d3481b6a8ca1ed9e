"""The entry points of the Lambda functions: settings, wiring, and what errors mean to AWS."""
