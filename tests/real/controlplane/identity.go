package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"

	authentication "k8s.io/api/authentication/v1beta1"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// authenticator answers kube-apiserver's TokenReviews as aws-iam-authenticator's server does.
type authenticator struct {
	verifier token.Verifier
	path     string
}

// runIdentity serves the token webhook at /authenticate.
func runIdentity(arguments []string) int {
	flags := flag.NewFlagSet("identity", flag.ExitOnError)
	address := flags.String("listen", "127.0.0.1:0", "where to answer /authenticate and /healthz")
	path := flags.String("registry", "", "the JSON file of identities, mappings and instances")
	cluster := flags.String("cluster", "", "the cluster name that tokens must be signed for")
	partition := flags.String("partition", "aws", "the AWS partition of the cluster")
	region := flags.String("region", "us-east-1", "the AWS Region of the cluster")
	_ = flags.Parse(arguments)

	listener, err := listen(*address)
	if err != nil {
		return fail(err)
	}
	// The verifier makes its own http.Client, without a Transport: it uses this one, so that its calls
	// to sts.<region>.amazonaws.com end here. Nothing else in this process makes HTTP requests.
	http.DefaultTransport = standInSTS{path: *path}
	answers := authenticator{verifier: token.NewVerifier(*cluster, *partition, *region), path: *path}

	http.Handle("GET /healthz", health(func() bool { return true }))
	http.Handle("POST /authenticate", answers)
	return fail(http.Serve(listener, nil))
}

// ServeHTTP answers 200 with the user, or 403 on any error.
func (a authenticator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked authentication.TokenReview
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, "expected a TokenReview", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	status, err := a.review(asked.Spec.Token)
	if err != nil {
		log.Println("access denied:", err)
		w.WriteHeader(http.StatusForbidden)
	}
	_ = json.NewEncoder(w).Encode(authentication.TokenReview{Status: status})
}

// review verifies a token and gives its user the uid and the six extra keys that EKS's users have.
//
// From: aws-iam-authenticator v0.7.18, pkg/server/server.go (authenticateEndpoint).
func (a authenticator) review(bearer string) (authentication.TokenReviewStatus, error) {
	denied := authentication.TokenReviewStatus{}
	identity, err := a.verifier.Verify(bearer)
	if err != nil {
		return denied, err
	}
	known, err := readRegistry(a.path)
	if err != nil {
		return denied, err
	}
	username, groups, err := known.user(identity)
	if err != nil {
		return denied, err
	}
	return authentication.TokenReviewStatus{
		Authenticated: true,
		User: authentication.UserInfo{
			Username: username,
			UID:      fmt.Sprintf("aws-iam-authenticator:%s:%s", identity.AccountID, identity.UserID),
			Groups:   groups,
			Extra: map[string]authentication.ExtraValue{
				"arn":          {identity.ARN},
				"canonicalArn": {identity.CanonicalARN},
				"sessionName":  {identity.SessionName},
				"accessKeyId":  {identity.AccessKeyID},
				"principalId":  {identity.UserID},
				"sigs.k8s.io/aws-iam-authenticator/principalId": {identity.UserID},
			},
		},
	}, nil
}
