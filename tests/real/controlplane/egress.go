package main

import (
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// dialTimeout is for addresses that no machine here has.
const dialTimeout = 3 * time.Second

// egress connects kube-apiserver with kubelets at addresses that this machine doesn't have, as konnectivity does
// for control planes outside the nodes' network.
type egress struct {
	nodes string
}

// runEgress answers CONNECT on a Unix socket, because kube-apiserver 1.36.2 panics on an `http://` proxy.
func runEgress(arguments []string) int {
	flags := flag.NewFlagSet("egress", flag.ExitOnError)
	socket := flags.String("listen", "", "the Unix socket of kube-apiserver's EgressSelectorConfiguration")
	nodes := flags.String("nodes", "", "the folder of the kubelets' sockets")
	_ = flags.Parse(arguments)

	listener, err := listenAt(*socket)
	if err != nil {
		return fail(err)
	}
	return fail(http.Serve(listener, egress{nodes: *nodes}))
}

// ServeHTTP joins the caller's connection to the kubelet at the requested address.
func (e egress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || r.Host != filepath.Base(r.Host) {
		http.Error(w, "expected CONNECT and an address", http.StatusBadRequest)
		return
	}
	node, err := e.dial(r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer node.Close()
	caller, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer caller.Close()
	if _, err := io.WriteString(caller, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	join(caller, buffered, node)
}

// dial connects to the socket with the name of this address, or, if there is none, to the address itself.
func (e egress) dial(address string) (net.Conn, error) {
	socket := filepath.Join(e.nodes, address)
	if _, err := os.Stat(socket); err != nil {
		return net.DialTimeout("tcp", address, dialTimeout)
	}
	return net.Dial("unix", socket)
}

// join copies both ways until one side ends.
func join(caller io.Writer, sent io.Reader, node net.Conn) {
	ended := make(chan struct{}, 2)
	copyAll := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		ended <- struct{}{}
	}
	go copyAll(node, sent)
	go copyAll(caller, node)
	<-ended
}
