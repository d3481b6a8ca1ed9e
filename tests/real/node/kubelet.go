package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	cadvisor "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubemark"
)

// machine is what the EKS AMI's configuration says about a node, and where its files go.
type machine struct {
	kubeconfig, clientCA, directory string
	name, ip, providerID            string
	port                            int
}

// runKubelet runs a kubelet with a fake container runtime: everything but the containers is real.
//
// From: Kubernetes v1.36.2, cmd/kubemark/app/hollow_node.go (run), cmd/kubelet/app/server.go (run).
func runKubelet(arguments []string) int {
	var of machine
	flags := flag.NewFlagSet("kubelet", flag.ExitOnError)
	flags.StringVar(&of.kubeconfig, "kubeconfig", "", "how to reach kube-apiserver")
	flags.StringVar(&of.clientCA, "client-ca", "", "the file with the CA certificate of the kubelet's clients, PEM")
	flags.StringVar(&of.directory, "directory", "", "where to keep keys, certificates and logs")
	flags.StringVar(&of.name, "name", "", "the node's name")
	flags.StringVar(&of.ip, "node-ip", "", "the node's address, which an interface of this machine must have")
	flags.IntVar(&of.port, "port", 10250, "where to serve")
	flags.StringVar(&of.providerID, "provider-id", "", "the instance: aws:///ZONE/ID")
	_ = flags.Parse(arguments)

	if err := os.Setenv("TMPDIR", of.directory); err != nil { // kubemark makes temporary folders
		return fail(err)
	}
	ctx := context.Background()
	hollow, err := of.kubelet(ctx)
	if err != nil {
		return fail(err)
	}
	hollow.Run(ctx)
	return 0
}

// kubelet returns one that isn't running yet.
func (m machine) kubelet(ctx context.Context) (*kubemark.HollowKubelet, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", m.kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, err
	}
	runtime, images, err := startRuntime(ctx, m.directory)
	if err != nil {
		return nil, err
	}
	flags, settings := m.configuration()
	made := kubemark.NewHollowKubelet(
		flags, settings, client, client, &cadvisor.Fake{NodeName: m.name}, images, runtime, cm.NewStubContainerManager())
	made.KubeletDeps.TLSOptions, err = kubeletapp.InitializeTLS(ctx, flags, settings)
	if err != nil {
		return nil, err
	}
	authority, reload, err := kubeletapp.BuildAuth(types.NodeName(m.name), client, *settings)
	if err != nil {
		return nil, err
	}
	go reload(ctx.Done())
	made.KubeletDeps.Auth = authority
	return made, nil
}

// configuration is that of the EKS AMIs, where it differs from kubemark's.
func (m machine) configuration() (*options.KubeletFlags, *config.KubeletConfiguration) {
	flags, settings := kubemark.GetHollowKubeletConfig(
		&kubemark.HollowKubeletOptions{NodeName: m.name, KubeletPort: m.port, MaxPods: 10})
	flags.NodeIP = m.ip
	flags.CloudProvider = "external"
	flags.CertDirectory = filepath.Join(m.directory, "pki")
	settings.Address = m.ip
	settings.ProviderID = m.providerID
	settings.ServerTLSBootstrap = true
	settings.Authentication.X509.ClientCAFile = m.clientCA
	settings.SyncFrequency.Duration = time.Second
	settings.FileCheckFrequency.Duration = time.Second
	return flags, settings
}
