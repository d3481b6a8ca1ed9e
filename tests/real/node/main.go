// Command node is what the end-to-end test needs besides the control plane: a kubelet with its real HTTPS server and
// no containers, the cloud controller that writes the addresses of AWS's nodes, and kubectl.
//
// It is a program of its own, because it has 541 packages more than the control plane.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
)

// parts maps a name to its function, which gets the arguments without the name and returns an exit code.
var parts = map[string]func(arguments []string) int{
	"kubelet": runKubelet,
	"cloud":   runCloud,
	"kubectl": runKubectl,
}

func main() {
	if len(os.Args) > 1 {
		if run, named := parts[os.Args[1]]; named {
			os.Exit(run(os.Args[2:]))
		}
	}
	fmt.Fprintln(os.Stderr, "usage: node kubelet|cloud|kubectl [flags]")
	os.Exit(2)
}

// runKubectl takes kubectl's own arguments.
func runKubectl(arguments []string) int {
	os.Args = append([]string{"kubectl"}, arguments...)
	return cli.Run(kubectl.NewDefaultKubectlCommand())
}

// fail reports why a part can't run.
func fail(err error) int {
	fmt.Fprintln(os.Stderr, "node:", err)
	return 1
}
