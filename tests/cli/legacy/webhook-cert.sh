#!/bin/sh
# A webhook's certificate, as many installers file for it since v1beta1 was removed.
openssl req -new -key server-key.pem -subj "/CN=system:node:${service}.${namespace}.svc;/O=system:nodes" \
  -out server.csr -config csr.conf

cat <<EOF | kubectl create -f -
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  name: ${service}.${namespace}
spec:
  request: $(base64 -w 0 < server.csr)
  signerName: kubernetes.io/kubelet-serving
  usages:
  - digital signature
  - key encipherment
  - server auth
EOF
