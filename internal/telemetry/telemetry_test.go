package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLogsHideCredentials(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, "debug")
	log.Info("dial", "url", "redis://bot:hunter2@db:6379/0", "err", errors.New("token xoxb-1-local refused"), "hook", "https://hooks.slack.com/commands/T/1/abc")
	log.Debug("app", "token", "xapp-1-local", "key", "AKIA"+"ABCDEFGHIJKLMNOP")
	for _, secret := range []string{"hunter2", "xoxb-", "xapp-", "AKIA", "commands/T"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("got %s, want no %s", out.String(), secret)
		}
	}
	if !strings.Contains(out.String(), "refused") {
		t.Errorf("got %s, want the rest of the message", out.String())
	}
}

func TestLogsTellDurationsWithTheirUnit(t *testing.T) {
	var out bytes.Buffer
	NewLog(&out, "info").Info("operation finished", "took", 12500*time.Millisecond)
	if !strings.Contains(out.String(), `"took":"12.5s"`) {
		t.Errorf("got %s", out.String())
	}
}

func TestReadyNamesWhatIsNot(t *testing.T) {
	var broken error
	s := &Server{Metrics: NewMetrics(), Probes: []Probe{{"slack", func(context.Context) error { return nil }}, {"redis", func(context.Context) error { return broken }}}}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	expect := func(path string, status int, words ...string) {
		t.Helper()
		resp, err := http.Get("http://" + s.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, status)
		}
		for _, w := range words {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s: got %s, want %q", path, body, w)
			}
		}
	}
	expect("/readyz", 200, `"slack":"ok"`)
	broken = errors.New("no answer")
	expect("/readyz", 503, `"redis":"no answer"`)
	expect("/healthz", 200, "ok")
	s.Metrics.Accepted("slash_commands", time.Millisecond)
	expect("/metrics", 200, `amiral_accept_seconds_count{kind="slash_commands"} 1`)
	http.DefaultClient.CloseIdleConnections()
}
