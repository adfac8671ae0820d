package awssim

import (
	"fmt"
	"net/http"
)

// apiError is an answer that AWS gives instead of a result.
type apiError struct {
	status  int
	code    string
	message string
}

// Error is the code and the message.
func (e *apiError) Error() string { return e.code + ": " + e.message }

// refuse is an error of the caller's making.
func refuse(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is Auto Scaling's and load balancing's error for a request that makes no sense.
func invalid(format string, args ...any) *apiError {
	return refuse("ValidationError", format, args...)
}

// body writes the error in the shape the service uses.
func (e *apiError) body(service serviceName, requestID string) string {
	if service == ec2Service {
		return document(el("Response",
			el("Errors", el("Error", text("Code", e.code), text("Message", e.message))),
			text("RequestID", requestID)), "")
	}
	kind := "Sender"
	if e.status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	return document(el("ErrorResponse",
		el("Error", text("Type", kind), text("Code", e.code), text("Message", e.message)),
		text("RequestId", requestID)), namespaces[service])
}
