"""`csr-approver diagnose`: which nodes have no certificate, why, and what to do."""
