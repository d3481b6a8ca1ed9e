"""What surrounds the approver: time, nodes, kubelets, clusters, and the AWS account."""
