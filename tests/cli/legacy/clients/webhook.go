package webhook

import certificates "k8s.io/api/certificates/v1"

func request(service, namespace string, pem []byte) *certificates.CertificateSigningRequest {
	name := service + "." + namespace + ".svc"
	return &certificates.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: certificates.CertificateSigningRequestSpec{
			Request:    pem,
			SignerName: certificates.KubeletServingSignerName,
			Usages:     usages,
		},
	}
}

func clientOf(pem []byte) certificates.CertificateSigningRequestSpec {
	return certificates.CertificateSigningRequestSpec{
		Request:    pem,
		SignerName: "kubernetes.io/kube-apiserver-client",
	}
}
