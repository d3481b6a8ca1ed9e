resource "kubernetes_certificate_signing_request" "old" {
  auto_approve = true
}

resource "kubernetes_certificate_signing_request_v1" "new" {
  auto_approve = true
}
