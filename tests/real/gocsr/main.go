// Command gocsr parses certificate signing requests as Kubernetes does, and prints the result.
//
// It reads one request per line on standard input, in base64, and writes one JSON object per line on
// standard output, in the same order, until the input ends. Strings from requests are base64 too, since
// they may contain any byte.
package main

import (
	"bufio"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// view is Go's view of one request. A []byte is base64 in JSON.
type view struct {
	Error              string   `json:"error"`
	CommonName         []byte   `json:"common_name"`
	Organization       [][]byte `json:"organization"`
	Subject            [][]name `json:"subject"`
	DNSNames           [][]byte `json:"dns_names"`
	EmailAddresses     [][]byte `json:"email_addresses"`
	IPAddresses        [][]byte `json:"ip_addresses"`
	URIs               [][]byte `json:"uris"`
	Extensions         []string `json:"extensions"`
	KeyAlgorithm       string   `json:"key_algorithm"`
	SPKI               []byte   `json:"spki"`
	CanonicalSPKI      []byte   `json:"canonical_spki"`
	Version            int      `json:"version"`
	SignatureAlgorithm string   `json:"signature_algorithm"`
	SignatureError     string   `json:"signature_error"`
}

// name is one attribute of the subject. Text is false if Go doesn't treat the value as a string, and
// so omits it from CommonName and Organization.
type name struct {
	OID   string `json:"oid"`
	Tag   int    `json:"tag"`
	Text  bool   `json:"text"`
	Value []byte `json:"value"`
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(output)
	for {
		line, err := input.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" || err == nil {
			if failure := encoder.Encode(answer(line)); failure != nil {
				fail(failure)
			}
		}
		if err != nil {
			break
		}
		// Flush only when no other request waits, so that many at once are fast.
		if input.Buffered() == 0 {
			if failure := output.Flush(); failure != nil {
				fail(failure)
			}
		}
	}
	if err := output.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "gocsr:", err)
	os.Exit(1)
}

func answer(line string) (seen view) {
	defer func() {
		if panicked := recover(); panicked != nil {
			seen = view{Error: fmt.Sprintf("panic: %v", panicked)}
		}
	}()
	request, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return view{Error: "gocsr: the line is not base64"}
	}
	csr, err := parseCSR(request)
	if err != nil {
		return view{Error: err.Error()}
	}
	return describe(csr)
}

// parseCSR is an exact copy of Kubernetes' function.
// From: k8s.io/kubernetes v1.36.2 pkg/apis/certificates/v1/helpers.go, ParseCSR.
func parseCSR(pemBytes []byte) (*x509.CertificateRequest, error) {
	// extract PEM from request object
	block, _ := pem.Decode(pemBytes)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return csr, nil
}

func describe(csr *x509.CertificateRequest) view {
	seen := view{
		CommonName:         []byte(csr.Subject.CommonName),
		Organization:       texts(csr.Subject.Organization),
		DNSNames:           texts(csr.DNSNames),
		EmailAddresses:     texts(csr.EmailAddresses),
		KeyAlgorithm:       csr.PublicKeyAlgorithm.String(),
		SPKI:               csr.RawSubjectPublicKeyInfo,
		Version:            csr.Version,
		SignatureAlgorithm: csr.SignatureAlgorithm.String(),
	}
	var err error
	if seen.Subject, err = subject(csr.RawSubject); err != nil {
		return view{Error: "gocsr: " + err.Error()}
	}
	for _, address := range csr.IPAddresses {
		// The bytes, since String() prints an IPv4-mapped address as an IPv4 one.
		seen.IPAddresses = append(seen.IPAddresses, address)
	}
	for _, uri := range csr.URIs {
		seen.URIs = append(seen.URIs, []byte(uri.String()))
	}
	for _, extension := range csr.Extensions {
		seen.Extensions = append(seen.Extensions, extension.Id.String())
	}
	if csr.PublicKey != nil {
		if canonical, err := x509.MarshalPKIXPublicKey(csr.PublicKey); err == nil {
			seen.CanonicalSPKI = canonical
		}
	}
	if err := csr.CheckSignature(); err != nil {
		seen.SignatureError = err.Error()
	}
	return seen
}

// subject lists every attribute in the order encoded, with its ASN.1 tag, which crypto/x509 drops.
func subject(der []byte) ([][]name, error) {
	var decoded pkix.RDNSequence
	if _, err := asn1.Unmarshal(der, &decoded); err != nil {
		return nil, err
	}
	var raw []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &raw); err != nil {
		return nil, err
	}
	var rdns [][]name
	for position, rdn := range decoded {
		rest := raw[position].Bytes
		var names []name
		for _, attribute := range rdn {
			var encoded struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			var err error
			if rest, err = asn1.Unmarshal(rest, &encoded); err != nil {
				return nil, err
			}
			entry := name{OID: attribute.Type.String(), Tag: encoded.Value.Tag, Value: encoded.Value.Bytes}
			if text, isText := attribute.Value.(string); isText {
				entry.Text, entry.Value = true, []byte(text)
			}
			names = append(names, entry)
		}
		rdns = append(rdns, names)
	}
	return rdns, nil
}

func texts(values []string) [][]byte {
	var encoded [][]byte
	for _, value := range values {
		encoded = append(encoded, []byte(value))
	}
	return encoded
}
