package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// cluster is the address and CA of the nodes' API server, the CA of the kubelets' clients, and the folder of their
// sockets.
type cluster struct {
	server    string
	authority string
	clients   string
	nodes     string
}

// clientConfig is a kubelet's with default settings: protobuf, its rate limits, and its User-Agent, from which
// the API server takes the manager's name in managedFields.
//
// From: Kubernetes v1.36.2, cmd/kubelet/app/server.go (setContentTypeForClient, kubeClientConfigOverrides),
// pkg/kubelet/apis/config/v1beta1/defaults.go.
func (c cluster) clientConfig(token string) *rest.Config {
	_, version, _ := strings.Cut(rest.DefaultKubernetesUserAgent(), "/")
	return &rest.Config{
		Host:            c.server,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.authority},
		UserAgent:       "kubelet/" + version,
		QPS:             50,
		Burst:           100,
		ContentConfig: rest.ContentConfig{
			ContentType:        runtime.ContentTypeProtobuf,
			AcceptContentTypes: runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON,
		},
	}
}

// reportingRequests reports the name of each CSR that is created, each watch that begins, and each request that the
// API server refuses, or that doesn't reach it. The manager itself only logs that, without the node's name.
func reportingRequests(report func(kind, text string)) transport.WrapperFunc {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(request *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(request)
			switch {
			case err != nil:
				report("error", err.Error())
			case answer.StatusCode >= http.StatusBadRequest:
				report("error", refusal(answer))
			case answer.StatusCode == http.StatusCreated:
				report("filed", createdName(answer))
			case request.URL.Query().Has("watch"):
				report("watching", "")
			}
			return answer, err
		})
	}
}

// refusal returns an answer's status and message.
func refusal(answer *http.Response) string {
	body, object := content(answer)
	words := string(body)
	if status, is := object.(*meta.Status); is {
		words = (&apierrors.StatusError{ErrStatus: *status}).Error()
	}
	return fmt.Sprintf("%d: %s", answer.StatusCode, words)
}

// createdName returns the name of an answer's object.
func createdName(answer *http.Response) string {
	_, object := content(answer)
	if named, is := object.(meta.Object); is {
		return named.GetName()
	}
	return ""
}

// content returns an answer's body and the object in it, if any, and lets the body be read again.
func content(answer *http.Response) ([]byte, runtime.Object) {
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return []byte(err.Error()), nil
	}
	object, err := runtime.Decode(scheme.Codecs.UniversalDeserializer(), body)
	if err != nil {
		return body, nil
	}
	return body, object
}

type roundTrip func(request *http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
