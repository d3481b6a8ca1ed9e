package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	cri "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	remote "k8s.io/cri-client/pkg"
	fakeremote "k8s.io/cri-client/pkg/fake"
	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// runtime is kubemark's fake container runtime, with what it lacks for `kubectl logs` and `kubectl exec`.
type runtime struct {
	cri.RuntimeService
	log     string
	streams streaming.Server
}

// startRuntime starts a container runtime whose containers only exist by name.
func startRuntime(ctx context.Context, directory string) (cri.RuntimeService, cri.ImageManagerService, error) {
	endpoint, err := fakeremote.GenerateEndpoint()
	if err != nil {
		return nil, nil, err
	}
	fake := fakeremote.NewFakeRemoteRuntime()
	if err := fake.Start(endpoint); err != nil {
		return nil, nil, err
	}
	service, err := remote.NewRemoteRuntimeService(ctx, endpoint, 15*time.Second, noop.NewTracerProvider(), false)
	if err != nil {
		return nil, nil, err
	}
	made := runtime{RuntimeService: service, log: filepath.Join(directory, "container.log")}
	line := time.Now().UTC().Format(time.RFC3339Nano) + " stdout F hello from the container\n"
	if err := os.WriteFile(made.log, []byte(line), 0o600); err != nil {
		return nil, nil, err
	}
	made.streams, err = serveStreams()
	return made, fake.ImageService, err
}

// ContainerStatus has the path of the log, which the fake runtime lacks.
func (r runtime) ContainerStatus(ctx context.Context, id string, verbose bool) (*runtimeapi.ContainerStatusResponse, error) {
	answer, err := r.RuntimeService.ContainerStatus(ctx, id, verbose)
	if err == nil && answer.Status != nil {
		answer.Status.LogPath = r.log
	}
	return answer, err
}

// Exec gives the kubelet a URL for the command's streams.
func (r runtime) Exec(_ context.Context, request *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	return r.streams.GetExec(request)
}

// serveStreams serves the streams of commands on loopback, as containerd does.
func serveStreams() (streaming.Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	config := streaming.DefaultConfig
	config.BaseURL = &url.URL{Scheme: "http", Host: listener.Addr().String()}
	server, err := streaming.NewServer(config, container{})
	if err != nil {
		return nil, err
	}
	go func() { _ = http.Serve(listener, server) }()
	return server, nil
}

// container runs each command by writing it to its standard output.
type container struct{}

func (container) Exec(_ context.Context, _ string, command []string, _ io.Reader, out, _ io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize) error {
	_, err := fmt.Fprintln(out, "ran", strings.Join(command, " "))
	return err
}

func (container) Attach(context.Context, string, io.Reader, io.WriteCloser, io.WriteCloser, bool, <-chan remotecommand.TerminalSize) error {
	return fmt.Errorf("not implemented")
}

func (container) PortForward(context.Context, string, int32, io.ReadWriteCloser) error {
	return fmt.Errorf("not implemented")
}
