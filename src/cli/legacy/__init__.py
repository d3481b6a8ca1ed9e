"""`csr-approver legacy`: the way off v1beta1."""
