package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithStdin ends this process when its standard input closes. The parent has the other end of that pipe,
// and the kernel closes it when the parent ends in any way, even by SIGKILL: no control plane is orphaned.
func dieWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(3)
}

// listen opens a loopback address that the parent has reserved by binding, not listening on, the same port.
func listen(address string) (net.Listener, error) {
	shared := net.ListenConfig{
		Control: func(_, _ string, connection syscall.RawConn) error {
			var failed error
			err := connection.Control(func(descriptor uintptr) {
				failed = unix.SetsockoptInt(int(descriptor), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			})
			if err != nil {
				return err
			}
			return failed
		},
	}
	return shared.Listen(context.Background(), "tcp", address)
}

// health answers 200 once ready says so, 503 before.
func health(ready func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}
