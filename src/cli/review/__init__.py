"""`csr-approver review`: one run by hand."""
