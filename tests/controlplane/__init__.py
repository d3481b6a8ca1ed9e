"""Tests on a real control plane: etcd, kube-apiserver, a signer and EKS's authenticator."""
