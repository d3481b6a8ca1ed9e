package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"sigs.k8s.io/aws-iam-authenticator/pkg/token"
)

// registry is the AWS account of the tests: the identity of each access key, the user of each role, and the
// instances' DNS names. It is a JSON file that is read again for each token, so tests may add to it.
type registry struct {
	// Identities by access key id.
	Identities map[string]awsIdentity `json:"identities"`
	// Mappings by canonical ARN (`arn:aws:iam::111122223333:role/Node`), as in the aws-auth ConfigMap.
	Mappings map[string]mapping `json:"mappings"`
	// Instances: EC2's private DNS name by instance id.
	Instances map[string]string `json:"instances"`
}

// awsIdentity is an access key and GetCallerIdentity's answer for it.
type awsIdentity struct {
	SecretKey    string `json:"secret_key"`
	SessionToken string `json:"session_token"`
	Account      string `json:"account"`
	ARN          string `json:"arn"`
	UserID       string `json:"user_id"`
}

// mapping is a username template and groups.
type mapping struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

func readRegistry(path string) (registry, error) {
	var read registry
	content, err := os.ReadFile(path)
	if err != nil {
		return read, err
	}
	err = json.Unmarshal(content, &read)
	return read, err
}

// user finds the Kubernetes user of an identity; ARNs are compared without case.
//
// From: aws-iam-authenticator v0.7.18, pkg/mapper/file/mapper.go and pkg/server/server.go (doMapping).
func (r registry) user(identity *token.Identity) (username string, groups []string, err error) {
	for arn, mapped := range r.Mappings {
		if !strings.EqualFold(arn, identity.CanonicalARN) {
			continue
		}
		username, err = r.render(mapped.Username, identity)
		if err != nil {
			return "", nil, err
		}
		for _, template := range mapped.Groups {
			group, err := r.render(template, identity)
			if err != nil {
				return "", nil, err
			}
			groups = append(groups, group)
		}
		return username, groups, nil
	}
	return "", nil, fmt.Errorf("%s is not mapped", identity.CanonicalARN)
}

// From: aws-iam-authenticator v0.7.18, pkg/server/server.go (instanceIDPattern).
var instanceID = regexp.MustCompile(`^i-(\w{8}|\w{17})$`)

// render fills a template as aws-iam-authenticator does, with EC2's answer taken from the registry.
//
// From: aws-iam-authenticator v0.7.18, pkg/server/server.go (renderTemplate).
func (r registry) render(template string, identity *token.Identity) (string, error) {
	if strings.Contains(template, "{{EC2PrivateDNSName}}") {
		if !instanceID.MatchString(identity.SessionName) {
			return "", fmt.Errorf("session name %q is not an instance id", identity.SessionName)
		}
		name, known := r.Instances[identity.SessionName]
		if !known {
			return "", fmt.Errorf("EC2 has no instance %s", identity.SessionName)
		}
		template = strings.ReplaceAll(template, "{{EC2PrivateDNSName}}", name)
	}
	return strings.NewReplacer(
		"{{AccountID}}", identity.AccountID,
		"{{SessionName}}", strings.ReplaceAll(identity.SessionName, "@", "-"),
		"{{SessionNameRaw}}", identity.SessionName,
		"{{AccessKeyID}}", identity.AccessKeyID,
	).Replace(template), nil
}
