package clients

import (
	certificates "k8s.io/api/certificates/v1beta1"
	"k8s.io/client-go/kubernetes"
)

var resource = schema.GroupVersionResource{Group: "certificates.k8s.io", Version: "v1beta1"}

func list(client kubernetes.Interface) {
	client.CertificatesV1beta1().CertificateSigningRequests()
	signer := certificates.LegacyUnknownSignerName
}
