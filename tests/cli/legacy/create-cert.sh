#!/bin/bash
set -e
openssl req -new -key server.key -out server.csr -config csr.conf -subj "/CN=webhook.ops.svc"
cat <<EOF | kubectl apply -f -
apiVersion: certificates.k8s.io/v1beta1
kind: CertificateSigningRequest
metadata:
  name: ${csrName}
spec:
  groups:
  - system:authenticated
  request: $(base64 -w 0 < server.csr)
  usages:
  - digital signature
  - key encipherment
  - server auth  # the API server calls it
EOF
kubectl certificate approve ${csrName}
