package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/certificate"
)

// The interval of reading a manager's certificate. It reports none itself: a kubelet reads it at each handshake.
const lookEvery = 20 * time.Millisecond

// A kubelet requests the serving certificates of one node, and serves with them.
type kubelet struct {
	addresses atomic.Pointer[[]core.NodeAddress]
	current   func() *tls.Certificate
	server    *http.Server
	stop      func()
}

// startKubelet makes a node's manager as the kubelet does, and runs it until it is stopped. A kubelet that starts
// again finds the certificate of the one before.
//
// From: Kubernetes v1.36.2, pkg/kubelet/kubelet.go (NewMainKubelet).
func startKubelet(of node, in cluster, directory string, report func(kind, text string)) (*kubelet, error) {
	config := in.clientConfig(of.Token)
	config.Wrap(reportingRequests(report))
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	made := &kubelet{}
	made.addresses.Store(&of.Addresses)
	manager, err := certificate.NewKubeletServerCertificateManager(
		client,
		&kubeletconfig.KubeletConfiguration{},
		types.NodeName(of.Name),
		func() []core.NodeAddress { return *made.addresses.Load() },
		filepath.Join(directory, of.Name),
	)
	if err != nil {
		return nil, err
	}
	made.current = manager.Current
	if err := made.serve(of.ServeAt, in); err != nil {
		return nil, err
	}
	running, end := context.WithCancel(context.Background())
	made.stop = func() {
		end()
		manager.Stop()
		_ = made.server.Close()
	}
	manager.Start()
	go made.watch(running, report)
	return made, nil
}

// watch reports each certificate with which the kubelet would serve.
func (k *kubelet) watch(running context.Context, report func(kind, text string)) {
	var last *tls.Certificate
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for running.Err() == nil {
		if now := k.current(); now != nil && now != last {
			last = now
			report("certificate", chain(now))
		}
		<-look.C
	}
}

// chain is a certificate with its intermediates, in PEM.
func chain(of *tls.Certificate) string {
	var text bytes.Buffer
	for _, der := range of.Certificate {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return text.String()
}
