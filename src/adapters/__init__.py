"""All input and output: AWS, the clusters' APIs, the log. What enters is validated here."""
