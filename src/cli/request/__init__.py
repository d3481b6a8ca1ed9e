"""`csr-approver request`: a workload's certificate."""
