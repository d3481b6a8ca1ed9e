package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/util/cert"
)

// A work is what to send: the same method and headers with each call.
type work struct {
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
	Calls   []call            `json:"calls"`
}

// A call has the path and the body of one request; the body is base64 in JSON.
type call struct {
	Path string `json:"path"`
	Body []byte `json:"body"`
}

// A result is how long all calls took, the CPU time of this process, and how often each status came.
type result struct {
	Seconds    float64     `json:"seconds"`
	CPUSeconds float64     `json:"cpu_seconds"`
	Statuses   map[int]int `json:"statuses"`
}

// runLoad sends the calls of standard input, a `work` in JSON, as fast as the server answers, over so many connections
// of HTTP/1.1, and prints the `result`. That is the most that a client can reach: it spends nearly no time itself.
func runLoad(arguments []string) int {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	server := flags.String("server", "", "the URL of kube-apiserver")
	authority := flags.String("ca", "", "the file with the CA certificate of kube-apiserver, PEM")
	connections := flags.Int("connections", 32, "how many connections to use at once")
	_ = flags.Parse(arguments)

	var all work
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		return fail(err)
	}
	client, err := http1(*authority, *connections)
	if err != nil {
		return fail(err)
	}
	before, start := cpuSeconds(), time.Now()
	statuses, err := sendAll(client, *server, all, *connections)
	if err != nil {
		return fail(err)
	}
	done := result{time.Since(start).Seconds(), cpuSeconds() - before, statuses}
	if err := json.NewEncoder(os.Stdout).Encode(done); err != nil {
		return fail(err)
	}
	return 0
}

// http1 is a client that keeps its connections, and uses no HTTP/2.
func http1(authority string, connections int) (*http.Client, error) {
	roots, err := cert.NewPool(authority)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxConnsPerHost:     connections,
		MaxIdleConnsPerHost: connections,
		DisableCompression:  true,
	}}, nil
}

// sendAll returns how often each status came; the first call that gets no answer is an error.
func sendAll(client *http.Client, server string, all work, connections int) (map[int]int, error) {
	var lock sync.Mutex
	var failed error
	statuses, next := map[int]int{}, make(chan call)
	var senders sync.WaitGroup
	for range connections {
		senders.Go(func() {
			for one := range next {
				status, err := send(client, server, all, one)
				lock.Lock()
				statuses[status]++
				failed = errors.Join(failed, err)
				lock.Unlock()
			}
		})
	}
	for _, one := range all.Calls {
		next <- one
	}
	close(next)
	senders.Wait()
	return statuses, failed
}

// send makes one call, reads its answer to the end, and returns its status.
func send(client *http.Client, server string, all work, one call) (int, error) {
	request, err := http.NewRequest(all.Method, server+one.Path, bytes.NewReader(one.Body))
	if err != nil {
		return 0, err
	}
	for name, value := range all.Headers {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return 0, fmt.Errorf("%s: %w", one.Path, err)
	}
	return answer.StatusCode, nil
}

// cpuSeconds is this process's CPU time so far.
func cpuSeconds() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
