"""All input and output: AWS, the clusters' APIs, the log. All input is validated here."""
