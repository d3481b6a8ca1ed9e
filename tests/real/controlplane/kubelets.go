package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	core "k8s.io/api/core/v1"
	"k8s.io/component-base/metrics/legacyregistry"
)

// How long a kubelet waits for the certificate of a request. It can be set, so that tests need not wait that long.
//
//go:linkname certificateWaitTimeout k8s.io/client-go/util/certificate.certificateWaitTimeout
var certificateWaitTimeout time.Duration

// A command is a line of standard input; one of its fields is set.
type command struct {
	Start     *node      `json:"start"`
	Readdress *readdress `json:"readdress"`
	Stop      *string    `json:"stop"`
}

// A node is a kubelet's configuration: its name, its credentials, the addresses to request, and the address at which
// it serves, without a port. A kubelet without one has no HTTPS server.
type node struct {
	Name      string             `json:"name"`
	Token     string             `json:"token"`
	Addresses []core.NodeAddress `json:"addresses"`
	ServeAt   string             `json:"serve_at"`
}

// A readdress is a change of a node's addresses.
type readdress struct {
	Name      string             `json:"name"`
	Addresses []core.NodeAddress `json:"addresses"`
}

// An event is a line of standard output. The first one of the process is `waits`, with the seconds that a kubelet
// waits for a certificate. Those of a node are `filed`, with the name of its CSR, `watching`, `certificate`, with the
// chain in PEM, and `error`, with its message.
type event struct {
	Node  string `json:"node"`
	Event string `json:"event"`
	Text  string `json:"text"`
}

// kubelets runs the serving-certificate managers and the HTTPS servers of many nodes, and nothing else of their
// kubelets.
type kubelets struct {
	cluster   cluster
	directory string
	running   map[string]*kubelet
	lock      sync.Mutex
	out       *json.Encoder
}

// runKubelets obeys the lines of standard input, and ends with it.
func runKubelets(arguments []string) int {
	flags := flag.NewFlagSet("kubelets", flag.ExitOnError)
	server := flags.String("server", "", "the URL of kube-apiserver")
	authority := flags.String("ca", "", "the file with the CA certificate of kube-apiserver, PEM")
	clients := flags.String("client-ca", "", "the file with the CA certificate of the kubelets' clients, PEM")
	nodes := flags.String("nodes", "", "the folder of the kubelets' sockets, which `egress` connects to")
	directory := flags.String("directory", "", "where to keep keys and certificates")
	flags.DurationVar(&certificateWaitTimeout, "wait", certificateWaitTimeout, "how long to wait for a certificate")
	_ = flags.Parse(arguments)

	// Each manager registers the same metrics, which a process can do once. Nothing here reads them.
	legacyregistry.MustRegister = ignore
	legacyregistry.RawMustRegister = ignore

	all := kubelets{
		cluster:   cluster{server: *server, authority: *authority, clients: *clients, nodes: *nodes},
		directory: *directory,
		running:   map[string]*kubelet{},
		out:       json.NewEncoder(os.Stdout),
	}
	all.report(event{"", "waits", fmt.Sprint(certificateWaitTimeout.Seconds())})
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
		k.run(one)
	}
	if err := lines.Err(); err != nil {
		return fail(err)
	}
	return 0
}

func (k *kubelets) run(one command) {
	switch {
	case one.Start != nil:
		k.start(*one.Start)
	case one.Readdress != nil:
		k.running[one.Readdress.Name].addresses.Store(&one.Readdress.Addresses)
	case one.Stop != nil:
		k.running[*one.Stop].stop()
		delete(k.running, *one.Stop)
	}
}

func (k *kubelets) start(one node) {
	report := func(kind, text string) { k.report(event{one.Name, kind, text}) }
	started, err := startKubelet(one, k.cluster, k.directory, report)
	if err != nil {
		report("error", err.Error())
		return
	}
	k.running[one.Name] = started
}

func (k *kubelets) report(one event) {
	k.lock.Lock()
	defer k.lock.Unlock()
	_ = k.out.Encode(one)
}

func ignore[T any](...T) {}
