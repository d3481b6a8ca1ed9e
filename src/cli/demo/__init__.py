"""`csr-approver demo`: the whole system on a sandbox."""
