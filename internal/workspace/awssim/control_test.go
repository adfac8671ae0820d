package awssim_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// order sends a control request and returns the status.
func (l *lab) order(method, path, body string) int {
	l.Helper()
	request, err := http.NewRequestWithContext(l.ctx, method, l.cloud.URL()+"/fleet/"+path, strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(http.DefaultClient.CloseIdleConnections)
	_ = response.Body.Close()
	if response.Header.Get("Access-Control-Allow-Origin") != "*" {
		l.Errorf("%s may not be called by pages of another origin", path)
	}
	return response.StatusCode
}

func TestControls(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	l.fleet.AddAlarm("5xx", "OK")
	g, _ := l.fleet.Group("web")
	for _, o := range []struct {
		path, body string
		status     int
	}{
		{"crash", `{"instance":"` + g.Instances[0].ID + `","how":"instance"}`, 200},
		{"crash", `{"instance":"i-0dead","how":"instance"}`, 404},
		{"crash", `{"instance":"` + g.Instances[0].ID + `","how":"sadness"}`, 404},
		{"alarm", `{"name":"5xx","state":"ALARM"}`, 200},
		{"alarm", `{"name":"5xx","state":"BLUE"}`, 404},
		{"image", `{"id":"` + newImage + `","bad":true}`, 200},
		{"fault", `{"action":"RunInstances","kind":"throttle","times":3,"for":90}`, 200},
		{"fault", `{"kind":"sadness"}`, 404},
		{"fault", `nonsense`, 400},
	} {
		if got := l.order(http.MethodPost, o.path, o.body); got != o.status {
			t.Errorf("%s %s: got %d, want %d", o.path, o.body, got, o.status)
		}
	}
	s := l.cloud.State()
	if s.Alarms[0].State != "ALARM" || s.Faults[0].For != 90*time.Second || s.Images[1].Spoiled != awssim.SpoiledUnhealthy {
		t.Errorf("got %+v", s)
	}
	if got := l.order(http.MethodDelete, "fault", ""); got != 200 || len(l.cloud.Faults().List()) != 0 {
		t.Errorf("got %d, want the faults gone", got)
	}
	l.clock.push(5 * time.Minute)
	if now, _ := l.fleet.Group("web"); now.Instances[0].ID == g.Instances[0].ID {
		t.Error("the crashed instance was not replaced")
	}
}

func TestStateTellsOfTheClock(t *testing.T) {
	ahead := awssim.New(awssim.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}).State().Clock
	if ahead.Rate != 1 || ahead.Offset < 3599 || ahead.Offset > 3600 {
		t.Errorf("got %+v, want an hour ahead", ahead)
	}
	fast := awssim.ClockState{Rate: 60, Offset: 7}
	if got := awssim.New(awssim.Options{Clock: func() awssim.ClockState { return fast }}).State().Clock; got != fast {
		t.Errorf("got %+v, want what the owner of the clock says", got)
	}
}

func TestEventsComeWithChanges(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(1)
	request, _ := http.NewRequestWithContext(l.ctx, http.MethodGet, l.cloud.URL()+"/fleet/events", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	next := func() (s awssim.FleetState) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &s); err != nil {
					t.Fatal(err)
				}
				return s
			}
		}
		t.Fatal("the stream ended")
		return s
	}
	if s := next(); s.Groups[0].Desired != 1 || s.Groups[0].Refresh != nil {
		t.Fatalf("got %+v", s.Groups[0])
	}
	l.start(to("2"), nil)
	if s := next(); s.Groups[0].Refresh == nil || s.Groups[0].Refresh.Status != "Pending" {
		t.Fatalf("got %+v, want the refresh", s.Groups[0])
	}
}
