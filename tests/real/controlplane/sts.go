package main

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// SHA-256 of nothing: the payload hash of a presigned GET.
	emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

	signingTime = "20060102T150405Z"

	// How old and how far in the future a signature may be at STS, with any X-Amz-Expires.
	oldestSignature = 15 * time.Minute
	clockSkew       = 5 * time.Minute
)

// standInSTS is an http.RoundTripper that answers GetCallerIdentity in place of every STS endpoint.
// The token verifier leaves signature and cluster name to STS: this is where both are checked.
type standInSTS struct {
	path string
}

// RoundTrip answers as STS does to `Accept: application/json`.
func (s standInSTS) RoundTrip(r *http.Request) (*http.Response, error) {
	known, err := readRegistry(s.path)
	if err != nil {
		return nil, err
	}
	caller, err := known.caller(r, time.Now())
	if err != nil {
		return answer(r, http.StatusForbidden, map[string]any{
			"Error": map[string]string{"Code": "AccessDenied", "Message": err.Error(), "Type": "Sender"},
		})
	}
	return answer(r, http.StatusOK, map[string]any{
		"GetCallerIdentityResponse": map[string]any{
			"GetCallerIdentityResult": map[string]string{
				"Account": caller.Account, "Arn": caller.ARN, "UserId": caller.UserID,
			},
		},
	})
}

// caller returns the identity whose key signed the request, or the error in the signature.
func (r registry) caller(request *http.Request, now time.Time) (awsIdentity, error) {
	query := request.URL.Query()
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	if len(scope) != 5 || scope[3] != "sts" || scope[4] != "aws4_request" {
		return awsIdentity{}, fmt.Errorf("credential is not of the form KEY/DATE/REGION/sts/aws4_request")
	}
	region := scope[2]
	if request.URL.Host != "sts.amazonaws.com" && !strings.HasPrefix(request.URL.Host, "sts."+region+".") &&
		!strings.HasPrefix(request.URL.Host, "sts-fips."+region+".") {
		return awsIdentity{}, fmt.Errorf("credential is scoped to Region %s, sent to %s", region, request.URL.Host)
	}
	signed, err := time.Parse(signingTime, query.Get("X-Amz-Date"))
	if err != nil {
		return awsIdentity{}, err
	}
	if age := now.Sub(signed); age > oldestSignature || age < -clockSkew {
		return awsIdentity{}, fmt.Errorf("signature is %s old", age)
	}
	identity, known := r.Identities[scope[0]]
	if !known || identity.SessionToken != query.Get("X-Amz-Security-Token") {
		return awsIdentity{}, fmt.Errorf("access key or session token is not valid")
	}
	expected, err := signature(request, scope[0], identity, region, signed)
	if err != nil {
		return awsIdentity{}, err
	}
	if !hmac.Equal([]byte(expected), []byte(query.Get("X-Amz-Signature"))) {
		return awsIdentity{}, fmt.Errorf("signature does not match")
	}
	return identity, nil
}

// signature signs the request again with the identity's secret key, over the headers that the client
// declares as signed, with the values that they have in the request.
func signature(
	request *http.Request, keyID string, identity awsIdentity, region string, signed time.Time,
) (string, error) {
	query := request.URL.Query()
	headers := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	query.Del("X-Amz-Signature")

	unsigned, err := http.NewRequest(request.Method, request.URL.String(), nil)
	if err != nil {
		return "", err
	}
	unsigned.URL.RawQuery = query.Encode()
	for _, name := range headers {
		if values := request.Header.Values(name); len(values) > 0 {
			unsigned.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	credentials := aws.Credentials{
		AccessKeyID: keyID, SecretAccessKey: identity.SecretKey, SessionToken: identity.SessionToken,
	}
	presigned, _, err := v4.NewSigner().PresignHTTP(
		request.Context(), credentials, unsigned, emptyPayload, "sts", region, signed)
	if err != nil {
		return "", err
	}
	parsed, err := url.Parse(presigned)
	if err != nil {
		return "", err
	}
	return parsed.Query().Get("X-Amz-Signature"), nil
}

func answer(request *http.Request, status int, content map[string]any) (*http.Response, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}
