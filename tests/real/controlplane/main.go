// Command controlplane is a Kubernetes control plane for tests, in one binary: etcd, kube-apiserver, the
// kubelet-serving signer of kube-controller-manager, a token webhook that accepts the tokens that EKS accepts,
// the part of a kubelet that requests serving certificates, and the way from kube-apiserver to it. Its part `load`
// measures how fast the API server is.
//
// It runs the part named by its first argument, or by its own file name (links named `etcd` and
// `kube-apiserver` behave like the originals). It isn't secure: let it listen on loopback addresses only.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// parts maps a name to its function, which gets the arguments without the name and returns an exit code.
var parts = map[string]func(arguments []string) int{
	"etcd":           runEtcd,
	"apiserver":      runAPIServer,
	"kube-apiserver": runAPIServer,
	"signer":         runSigner,
	"identity":       runIdentity,
	"kubelets":       runKubelets,
	"egress":         runEgress,
	"load":           runLoad,
}

func main() {
	if os.Getenv("CONTROLPLANE_DIES_WITH_STDIN") != "" {
		go dieWithStdin()
	}
	if run, called := parts[filepath.Base(os.Args[0])]; called {
		os.Exit(run(os.Args[1:]))
	}
	if len(os.Args) > 1 {
		if run, named := parts[os.Args[1]]; named {
			os.Exit(run(os.Args[2:]))
		}
	}
	fmt.Fprintln(os.Stderr, "usage: controlplane etcd|apiserver|signer|identity|kubelets|egress|load [flags]")
	os.Exit(2)
}

// runEtcd takes etcd's own flags.
func runEtcd(arguments []string) int {
	etcdmain.Main(append([]string{"etcd"}, arguments...))
	return 0
}

// runAPIServer takes kube-apiserver's own flags.
func runAPIServer(arguments []string) int {
	command := apiserver.NewAPIServerCommand()
	command.SetArgs(arguments)
	return cli.Run(command)
}

// fail reports why a part can't run.
func fail(err error) int {
	fmt.Fprintln(os.Stderr, "controlplane:", err)
	return 1
}
