module csr-approver.invalid/gocsr

go 1.26.0

// As Kubernetes 1.36 sets it: crypto/x509 reads its defaults from here.
godebug default=go1.26
