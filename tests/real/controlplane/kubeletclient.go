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

// cluster is the address and CA of the nodes' API server.
type cluster struct {
	server    string
	authority string
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

// reportingRefusals reports each request that the API server refuses, or that doesn't reach it. The manager
// itself only logs that, without the node's name.
func reportingRefusals(report func(words string)) transport.WrapperFunc {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(request *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(request)
			if err != nil {
				report(err.Error())
				return nil, err
			}
			if answer.StatusCode >= http.StatusBadRequest {
				report(refusal(answer))
			}
			return answer, nil
		})
	}
}

// refusal returns an answer's status and message, and lets its body be read again.
func refusal(answer *http.Response) string {
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	words := string(body)
	if err != nil {
		words = err.Error()
	}
	if read, err := runtime.Decode(scheme.Codecs.UniversalDeserializer(), body); err == nil {
		if status, is := read.(*meta.Status); is {
			words = (&apierrors.StatusError{ErrStatus: *status}).Error()
		}
	}
	return fmt.Sprintf("%d: %s", answer.StatusCode, words)
}

type roundTrip func(request *http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
