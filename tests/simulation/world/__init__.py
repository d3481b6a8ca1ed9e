"""What surrounds the approver: time, nodes and kubelets, EKS, EC2 and IAM, and an account."""
