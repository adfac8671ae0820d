package calendar

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	once  = ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H"))
	twice = ics(vevent("DTSTART:20260302T100000Z", "DURATION:PT1H"), vevent("DTSTART:20260303T100000Z", "DURATION:PT1H"))
)

// desk is calendars over one file, with a clock of their own.
type desk struct {
	*Calendars
	file    string
	now     time.Time
	changed int
	failed  []string
}

func newDesk(t *testing.T) *desk {
	d := &desk{file: filepath.Join(t.TempDir(), "a.ics"), now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	d.Calendars = New([]Source{{Name: "a", Folder: filepath.Dir(d.file), File: "a.ics", Refresh: 5 * time.Minute}})
	d.Now = func() time.Time { return d.now }
	d.Changed = func(string) { d.changed++ }
	d.Failed = func(_ string, err error) { d.failed = append(d.failed, err.Error()) }
	return d
}

func (d *desk) write(t *testing.T, raw []byte) {
	t.Helper()
	if err := os.WriteFile(d.file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// count is how many events the copy holds in March, -1 without one.
func (d *desk) count() int {
	c, err := d.Calendar("a")
	if err != nil {
		return -1
	}
	spans, err := c.Spans(d.now, d.now.AddDate(0, 1, 0))
	if err != nil {
		return -2
	}
	return len(spans)
}

func TestTheLastGoodCopyStays(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	if d.count() != -1 {
		t.Error("got a calendar before one was read, want none")
	}
	if err := d.Refresh(ctx); err == nil || d.count() != -1 || len(d.failed) != 1 {
		t.Errorf("got %v and %d events, want an error and none", err, d.count())
	}
	steps := []struct {
		after   time.Duration
		write   []byte
		events  int
		changed int
		fails   bool
	}{
		{30 * time.Second, once, -1, 0, false},      // a failed look is repeated after a minute
		{30 * time.Second, once, 1, 1, false},       // now
		{4 * time.Minute, twice, 1, 1, false},       // a good one after its time
		{time.Minute, twice, 2, 2, false},           // now
		{5 * time.Minute, twice, 2, 2, false},       // nothing has changed
		{5 * time.Minute, twice[:40], 2, 2, true},   // half a file
		{time.Minute, []byte("<html>"), 2, 2, true}, // something else
		{time.Minute, once, 1, 3, false},            // it is well again
	}
	for i, s := range steps {
		d.now = d.now.Add(s.after)
		d.write(t, s.write)
		err := d.Refresh(ctx)
		if d.count() != s.events || d.changed != s.changed || (err != nil) != s.fails {
			t.Fatalf("step %d: got %d events, %d changes, %v, want %+v", i, d.count(), d.changed, err, s)
		}
	}
	if len(d.failed) != 3 {
		t.Errorf("got failures %q, want three", d.failed)
	}
}

func TestRunReadsUntilItIsStopped(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.ics")
	if err := os.WriteFile(file, once, 0o600); err != nil {
		t.Fatal(err)
	}
	c := New([]Source{{Name: "a", File: file}})
	read := make(chan string, 1)
	c.Changed = func(name string) { read <- name }
	ctx, stop := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if got := <-read; got != "a" {
		t.Errorf("got %q, want a", got)
	}
	stop()
	done.Wait()
}

func TestAddressesAreFetchedAndNeverTold(t *testing.T) {
	var answer atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer.Load().(http.HandlerFunc)(w, r)
	}))
	defer server.Close()
	secret := "/private-5ec7e7/a.ics"
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		problem string
	}{
		"good":    {func(w http.ResponseWriter, _ *http.Request) { w.Write(once) }, ""},
		"missing": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "404"},
		"a page":  {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, "no iCalendar file"},
		"too big": {func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxBytes+1)) }, "over 8 MiB"},
		"sent away": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://calendar.example/a.ics", http.StatusFound)
		}, "altered on the way"},
		"in a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "too often"},
		"hangs up":    {func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "fetch it"},
	} {
		answer.Store(c.answer)
		err := New([]Source{{Name: "a", URL: server.URL + secret}}).Refresh(context.Background())
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: got %v, want %q", name, err, c.problem)
		}
		if err != nil && strings.Contains(err.Error(), "5ec7e7") {
			t.Errorf("%s: got %v, want an error that does not tell the address", name, err)
		}
	}
}

func TestAddressesMustNotBeAlteredOnTheWay(t *testing.T) {
	for address, good := range map[string]bool{
		"https://calendar.example/a.ics": true, "http://127.0.0.1:80/a.ics": true, "http://localhost/a": true, "http://[::1]:9/a": true,
		"http://calendar.example/a.ics": false, "file:///etc/passwd": false, "webcal://calendar.example/a": false, "": false, "https://": false, "http://127.0.0.1.example/a": false, ":": false,
	} {
		if err := CheckURL(address); (err == nil) != good {
			t.Errorf("%q: got %v, want good: %t", address, err, good)
		}
	}
}
