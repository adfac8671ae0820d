package app_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
)

// operatorLine stands between a bot and Slack's Web API, so that the bot may die before a call and after it.
type operatorLine struct {
	server *httptest.Server
	api    string
	fate   *fate
	out    *http.Transport
}

func dialled(api string, f *fate) *operatorLine {
	l := &operatorLine{api: api, fate: f, out: &http.Transport{}}
	l.server = httptest.NewServer(l)
	return l
}

func (l *operatorLine) url() string { return l.server.URL + "/api/" }

func (l *operatorLine) hangUp() {
	l.server.CloseClientConnections()
	l.server.Close()
	l.out.CloseIdleConnections()
}

// ServeHTTP passes a call on. To the dead there is no answer.
func (l *operatorLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer *http.Response
	var body []byte
	method := path.Base(r.URL.Path)
	err := l.fate.around("slack "+method, method == "apps.connections.open", func() (found bool, err error) {
		answer, body, err = l.pass(r, method)
		return err == nil, err
	})
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body)
}

func (l *operatorLine) pass(r *http.Request, method string) (*http.Response, []byte, error) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, err
	}
	on, err := http.NewRequestWithContext(r.Context(), r.Method, l.api+method+"?"+r.URL.RawQuery, bytes.NewReader(asked))
	if err != nil {
		return nil, nil, err
	}
	on.Header = r.Header.Clone()
	answer, err := l.out.RoundTrip(on)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return answer, body, err
}
