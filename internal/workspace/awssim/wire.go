package awssim

import (
	"net/http"
)

// wire is how one protocol writes answers.
type wire interface {
	success(k *call, result []elem) string
	failure(k *call, err *apiError) string
	headers(h http.Header, requestID string, status int, body string)
}

// queryWire is the protocol of forms in and XML out, in EC2's and in the older services' dialect.
type queryWire struct{}

func (queryWire) success(k *call, result []elem) string {
	namespace := namespaces[k.service]
	if k.service == ec2Service {
		root := el(k.action+"Response", text("requestId", k.requestID))
		root.kids = append(root.kids, result...)
		return document(root, namespace)
	}
	return document(el(k.action+"Response",
		el(k.action+"Result", result...),
		el("ResponseMetadata", text("RequestId", k.requestID)),
	), namespace)
}

func (queryWire) failure(k *call, err *apiError) string { return err.body(k.service, k.requestID) }

func (queryWire) headers(h http.Header, requestID string, _ int, _ string) {
	h.Set("Content-Type", "text/xml;charset=UTF-8")
	h.Set("X-Amzn-Requestid", requestID)
}
