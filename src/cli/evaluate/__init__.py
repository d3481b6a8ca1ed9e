"""`csr-approver evaluate`: saved CSRs judged by saved evidence."""
