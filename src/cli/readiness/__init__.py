"""`csr-approver readiness`: the audit before an upgrade."""
