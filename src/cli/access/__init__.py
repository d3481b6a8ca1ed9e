"""`csr-approver access`: what the approver needs in a cluster."""
