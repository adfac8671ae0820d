package cloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/fleet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sent is one request as AWS would see it.
type sent struct {
	Action string
	Form   url.Values
	Body   string
	Key    string // access key id that signed it
	Region string
}

// wire hands requests to a handler without a network, so that tests may run in a bubble of fake time,
// and remembers them. A handler that aborts is a connection lost after the effect.
type wire struct {
	handler http.Handler

	mu   sync.Mutex
	sent []sent
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	form, _ := url.ParseQuery(string(body))
	w.mu.Lock()
	w.sent = append(w.sent, signed(r, sent{Action: form.Get("Action"), Form: form, Body: string(body)}))
	w.mu.Unlock()

	request := r.Clone(r.Context())
	request.Body, request.RequestURI = io.NopCloser(bytes.NewReader(body)), r.URL.RequestURI()
	recorder := httptest.NewRecorder()
	defer func() {
		if lost := recover(); lost != nil {
			answer, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w.handler.ServeHTTP(recorder, request)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// signed adds who signed the request, and for which region.
func signed(r *http.Request, s sent) sent {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(credential, "/"); len(parts) > 2 {
		s.Key, s.Region = parts[0], parts[2]
	}
	return s
}

// of returns the requests of an action.
func (w *wire) of(action string) []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []sent
	for _, s := range w.sent {
		if s.Action == action {
			list = append(list, s)
		}
	}
	return list
}

// script answers actions with written answers.
type script map[string]func(form url.Values) (status int, body string)

// ServeHTTP implements http.Handler.
func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	action := r.Form.Get("Action")
	answer, ok := s[action]
	if !ok {
		answer = func(url.Values) (int, string) { return queryError(400, "InvalidAction", "no answer for "+action) }
	}
	status, body := answer(r.Form)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// always answers with 200 and the body.
func always(body string) func(url.Values) (int, string) {
	return func(url.Values) (int, string) { return http.StatusOK, body }
}

func ec2Error(status int, code, message string) (int, string) {
	return status, fmt.Sprintf(`<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>`+
		`<RequestID>r-1</RequestID></Response>`, code, message)
}

func queryError(status int, code, message string) (int, string) {
	return status, fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>`+
		`<RequestId>r-1</RequestId></ErrorResponse>`, code, message)
}

// local points the SDK at nothing but the test.
func local(t *testing.T) {
	t.Helper()
	for key, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CA_BUNDLE": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://aws.invalid",
	} {
		t.Setenv(key, value)
	}
}

// client is the client of one environment in eu-west-1 that talks to the handler.
func client(t *testing.T, handler http.Handler) (*Client, *wire) {
	t.Helper()
	local(t)
	return dial(t, handler)
}

// dial is client without the environment variables, for use inside a bubble.
func dial(t *testing.T, handler http.Handler) (*Client, *wire) {
	t.Helper()
	w := &wire{handler: handler}
	cloud, err := New(context.Background(), []Environment{{Name: "dev", Region: "eu-west-1"}},
		Options{HTTPClient: &http.Client{Transport: w}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.In("dev")
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// wantKind fails the test unless err is an AWS error of that kind, from that call.
func wantKind(t *testing.T, err error, kind fleet.ErrorKind, call string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want %s from %s", kind, call)
	}
	e := asFleetError(t, err)
	if e.Kind != kind || e.Call != call {
		t.Errorf("got %s from %s (%v), want %s from %s", e.Kind, e.Call, err, kind, call)
	}
}

// httpTo is a client whose requests go to the wire.
func httpTo(w *wire) *http.Client { return &http.Client{Transport: w} }
