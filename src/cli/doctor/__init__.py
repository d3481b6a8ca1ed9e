"""`csr-approver doctor`: the first broken link."""
