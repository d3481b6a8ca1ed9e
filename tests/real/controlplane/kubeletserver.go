package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"k8s.io/client-go/util/cert"
)

// kubeletPort is where kubelets serve.
const kubeletPort = "10250"

// serve starts the kubelet's HTTPS server, of which `kubectl logs` alone is answered, with one line.
//
// It listens on a Unix socket that is named by the address, because this machine doesn't have the node's addresses.
// Each request has a connection of its own, so that its answer shows the certificate of the moment.
//
// From: Kubernetes v1.36.2, pkg/kubelet/kubelet.go (NewMainKubelet: GetCertificate), pkg/kubelet/server/server.go.
func (k *kubelet) serve(at string, in cluster) error {
	k.server = &http.Server{
		Handler:      kubeletHandler(),
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	if at == "" {
		return nil
	}
	clients, err := cert.NewPool(in.clients)
	if err != nil {
		return err
	}
	k.server.TLSConfig = &tls.Config{
		GetCertificate: k.certificate,
		ClientAuth:     tls.RequireAndVerifyClientCert,
		ClientCAs:      clients,
	}
	k.server.SetKeepAlivesEnabled(false)
	listener, err := listenAt(filepath.Join(in.nodes, net.JoinHostPort(at, kubeletPort)))
	if err != nil {
		return err
	}
	go func() { _ = k.server.ServeTLS(listener, "", "") }()
	return nil
}

// certificate is the manager's; without one the handshake fails, and the client gets `tls: internal error`.
func (k *kubelet) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if now := k.current(); now != nil {
		return now, nil
	}
	return nil, errors.New("no serving certificate available for the kubelet")
}

func kubeletHandler() http.Handler {
	handler := http.NewServeMux()
	handler.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s of %s/%s\n", r.PathValue("container"), r.PathValue("namespace"), r.PathValue("pod"))
	})
	return handler
}

// listenAt opens a Unix socket, in place of one that a killed process has left.
func listenAt(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
}
