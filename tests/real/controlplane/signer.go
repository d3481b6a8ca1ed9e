package main

import (
	"context"
	"flag"
	"net/http"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/certificates/signer"
)

// runSigner runs kube-controller-manager's signing controller for kubernetes.io/kubelet-serving, alone.
//
// kube-controller-manager's client is limited to 20 requests a second, which makes its signer take most
// of a minute for a thousand certificates (measured on 1.36.2); the limit here is 100 times that.
func runSigner(arguments []string) int {
	flags := flag.NewFlagSet("signer", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach kube-apiserver")
	certificate := flags.String("ca-cert", "", "the signer's CA certificate, PEM")
	key := flags.String("ca-key", "", "the signer's CA key, PEM")
	duration := flags.Duration("duration", 365*24*time.Hour, "longest life of a certificate")
	address := flags.String("listen", "127.0.0.1:0", "where to answer /healthz")
	qps := flags.Float64("qps", 2000, "client limit, requests a second")
	burst := flags.Int("burst", 4000, "client limit, burst")
	workers := flags.Int("workers", 5, "certificates signed at the same time")
	_ = flags.Parse(arguments)

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fail(err)
	}
	config.QPS = float32(*qps)
	config.Burst = *burst
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fail(err)
	}
	listener, err := listen(*address)
	if err != nil {
		return fail(err)
	}

	ctx := context.Background()
	factory := informers.NewSharedInformerFactory(client, 0)
	requests := factory.Certificates().V1().CertificateSigningRequests()
	controller, err := signer.NewKubeletServingCSRSigningController(
		ctx, client, requests, *certificate, *key, *duration)
	if err != nil {
		return fail(err)
	}
	factory.Start(ctx.Done())
	go controller.Run(ctx, *workers)

	http.Handle("GET /healthz", health(requests.Informer().HasSynced))
	return fail(http.Serve(listener, nil))
}
