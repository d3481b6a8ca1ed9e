package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/metrics/legacyregistry"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/certificate"
)

// The interval of reading a manager's certificate. It reports none itself: a kubelet reads it at each handshake.
const lookEvery = 20 * time.Millisecond

// A command is a line of standard input; one of its fields is set.
type command struct {
	Start *node `json:"start"`
}

// A node is a kubelet's configuration: its name, its credentials, and the addresses to request.
type node struct {
	Name      string             `json:"name"`
	Token     string             `json:"token"`
	Addresses []core.NodeAddress `json:"addresses"`
}

// An event is a line of standard output: `certificate`, with the chain in PEM, or `error`, with its message.
type event struct {
	Node  string `json:"node"`
	Event string `json:"event"`
	Text  string `json:"text"`
}

// kubelets runs the serving-certificate managers of many nodes, and nothing else of their kubelets.
type kubelets struct {
	cluster   cluster
	directory string
	lock      sync.Mutex
	out       *json.Encoder
}

// runKubelets starts a manager for each line of standard input, and ends with it.
func runKubelets(arguments []string) int {
	flags := flag.NewFlagSet("kubelets", flag.ExitOnError)
	server := flags.String("server", "", "the URL of kube-apiserver")
	authority := flags.String("ca", "", "the file with the CA certificate of kube-apiserver, PEM")
	directory := flags.String("directory", "", "where to keep keys and certificates")
	_ = flags.Parse(arguments)

	// Each manager registers the same metrics, which a process can do once. Nothing here reads them.
	legacyregistry.MustRegister = ignore
	legacyregistry.RawMustRegister = ignore

	all := kubelets{
		cluster:   cluster{server: *server, authority: *authority},
		directory: *directory,
		out:       json.NewEncoder(os.Stdout),
	}
	return all.obey(os.Stdin)
}

// obey runs the commands until the input ends.
func (k *kubelets) obey(commands io.Reader) int {
	lines := bufio.NewScanner(commands)
	for lines.Scan() {
		read := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		read.DisallowUnknownFields()
		var one command
		if err := read.Decode(&one); err != nil {
			return fail(err)
		}
		if one.Start != nil {
			if err := k.start(*one.Start); err != nil {
				k.report(event{one.Start.Name, "error", err.Error()})
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fail(err)
	}
	return 0
}

// start makes a node's manager as the kubelet does, and runs it until the process ends.
//
// From: Kubernetes v1.36.2, pkg/kubelet/kubelet.go (NewMainKubelet).
func (k *kubelets) start(one node) error {
	config := k.cluster.clientConfig(one.Token)
	config.Wrap(reportingRefusals(func(words string) { k.report(event{one.Name, "error", words}) }))
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	manager, err := certificate.NewKubeletServerCertificateManager(
		client,
		&kubeletconfig.KubeletConfiguration{},
		types.NodeName(one.Name),
		func() []core.NodeAddress { return one.Addresses },
		filepath.Join(k.directory, one.Name),
	)
	if err != nil {
		return err
	}
	manager.Start()
	go k.watch(one.Name, manager.Current)
	return nil
}

// watch reports each certificate with which the node's kubelet would serve.
func (k *kubelets) watch(name string, current func() *tls.Certificate) {
	var last *tls.Certificate
	for range time.Tick(lookEvery) {
		if now := current(); now != nil && now != last {
			last = now
			k.report(event{name, "certificate", chain(now)})
		}
	}
}

func (k *kubelets) report(one event) {
	k.lock.Lock()
	defer k.lock.Unlock()
	_ = k.out.Encode(one)
}

func ignore[T any](...T) {}

// chain is a certificate with its intermediates, in PEM.
func chain(of *tls.Certificate) string {
	var text bytes.Buffer
	for _, der := range of.Certificate {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return text.String()
}
