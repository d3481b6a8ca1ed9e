"""`csr-approver diagnose`: the audit before an upgrade."""
