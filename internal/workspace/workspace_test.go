package workspace

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a workspace whose clock stands at noon.
func running(t *testing.T, change ...func(*Options)) *Workspace {
	t.Helper()
	opts := Options{Start: noon, Stopped: true, NoLimits: true}
	for _, f := range change {
		f(&opts)
	}
	w, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return w
}

func get(t *testing.T, url string, into any) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp, into)
}

func post(t *testing.T, url, body string, into any) *http.Response {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp, into)
}

func read(t *testing.T, resp *http.Response, into any) *http.Response {
	t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			t.Fatalf("%s: %v in %.200s", resp.Request.URL, err, data)
		}
	}
	return resp
}

func TestStartAndCloseLeaveNothingBehind(t *testing.T) {
	w, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := http.Get(w.Info().Page); err == nil {
		t.Error("the page still answers after Close")
	}
}

func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	w := running(t)
	taken := strings.TrimSuffix(strings.TrimPrefix(w.Info().Page, "http://"), "/")
	if _, err := Start(Options{PageAddr: taken}); err == nil {
		t.Error("got no error for an address in use")
	}
}

func TestInfoNamesEveryAddress(t *testing.T) {
	data, err := json.Marshal(running(t).Info())
	if err != nil {
		t.Fatal(err)
	}
	var info map[string]any
	if err := json.Unmarshal(data, &info); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"page", "slack_api", "slack_bot_token", "slack_app_token", "aws_endpoint", "redis", "environments"} {
		if info[name] == nil || info[name] == "" {
			t.Errorf("%s is missing in %s", name, data)
		}
	}
	if api := info["slack_api"].(string); !strings.HasSuffix(api, "/api/") {
		t.Errorf("slack_api: got %s, want it to end in /api/", api)
	}
}

func TestTheRedisTimeFollowsTheClock(t *testing.T) {
	w := running(t)
	opts, err := redis.ParseURL(w.Info().Redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	ctx := context.Background()
	if err := client.Ping(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if got := client.Time(ctx).Val(); !got.Equal(w.Clock.Now()) {
		t.Errorf("TIME: got %v, want %v", got, w.Clock.Now())
	}
	client.Set(ctx, "short", "1", time.Minute)
	client.Set(ctx, "long", "1", time.Hour)
	if err := w.Advance(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, want := client.Time(ctx).Val(), w.Clock.Now(); !got.Equal(want) {
		t.Errorf("TIME after the push: got %v, want %v", got, want)
	}
	if got := client.Exists(ctx, "short").Val(); got != 0 {
		t.Error("a key of a minute is there after ten")
	}
	if got := client.TTL(ctx, "long").Val(); got > 50*time.Minute || got < 49*time.Minute {
		t.Errorf("a key of an hour: got %v left after ten minutes", got)
	}
}

func TestTheRedisTimeRunsByItself(t *testing.T) {
	w := running(t, func(o *Options) { o.Stopped = false })
	opts, err := redis.ParseURL(w.Info().Redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	ctx := context.Background()
	first := client.Time(ctx).Val()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if client.Time(ctx).Val().After(first) {
			return
		}
	}
	t.Error("TIME stands still although the clock runs")
}

func TestARealRedisIsUsedWhenGiven(t *testing.T) {
	w := running(t, func(o *Options) { o.RedisURL = "redis://127.0.0.1:1/3" })
	if got := w.Info().Redis; got != "redis://127.0.0.1:1/3" {
		t.Errorf("got %s", got)
	}
}

func TestTheClockIsPushedOverHTTP(t *testing.T) {
	w := running(t)
	var got struct {
		OK    bool
		Error string
		Now   time.Time
		Rate  float64
	}
	post(t, w.Info().Page+"clock", `{"advance":"70m"}`, &got)
	if want := noon.Add(70 * time.Minute); !got.OK || got.Now.Sub(want).Abs() > time.Second {
		t.Errorf("advance: got %+v, want %v", got, want)
	}
	post(t, w.Info().Page+"clock", `{"rate":10}`, &got)
	if !got.OK || got.Rate != 10 {
		t.Errorf("rate: got %+v", got)
	}
	get(t, w.Info().Page+"clock", &got)
	if got.Rate != 10 {
		t.Errorf("reading: got %+v", got)
	}
	for _, bad := range []string{`{"advance":"soon"}`, `{"advance":"-1m"}`, `{"rate":-1}`, `nonsense`} {
		got.OK, got.Error = true, ""
		resp := post(t, w.Info().Page+"clock", bad, &got)
		if resp.StatusCode != http.StatusBadRequest || got.OK || got.Error == "" {
			t.Errorf("%s: got status %d and %+v", bad, resp.StatusCode, got)
		}
	}
}

func TestOneOriginServesEverythingThePageAsksFor(t *testing.T) {
	w := running(t)
	page := w.Info().Page
	var slack struct {
		Team     struct{ Name string }
		Channels []struct{ Name string }
	}
	get(t, page+"ui/state", &slack)
	if slack.Team.Name != "Harbour" || len(slack.Channels) < 4 {
		t.Errorf("/ui/state: got %+v", slack)
	}
	var fleet struct {
		Now    time.Time
		Groups []struct{ Account, Name string }
	}
	get(t, page+"fleet/state", &fleet)
	if len(fleet.Groups) != 9 || fleet.Now.Sub(noon).Abs() > time.Second {
		t.Errorf("/fleet/state: got %+v", fleet)
	}
	var info struct{ Environments []Environment }
	get(t, page+"info", &info)
	if len(info.Environments) != 2 {
		t.Errorf("/info: got %+v", info)
	}
	if resp := get(t, page, nil); resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("/: got %d and policy %q", resp.StatusCode, resp.Header.Get("Content-Security-Policy"))
	}
}

// stream reads server-sent events until one contains what is wanted.
func stream(t *testing.T, url string, begin func(), want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("%s: got Content-Type %q", url, got)
	}
	begin()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%s: %v before an event with %s", url, err, want)
		}
		if bytes.HasPrefix(line, []byte("data: ")) && bytes.Contains(line, []byte(want)) {
			return
		}
	}
}

func TestEventsPassThroughAsTheyHappen(t *testing.T) {
	w := running(t)
	stream(t, w.Info().Page+"ui/events?as=U0DEV", func() {
		if _, err := w.Slack.As("sre").Say("deploys", "good morning"); err != nil {
			t.Fatal(err)
		}
	}, "good morning")
	stream(t, w.Info().Page+"fleet/events", func() { w.Cloud.SetAlarm("web-5xx", "ALARM") }, `"name":"web-5xx","state":"ALARM"`)
}

func TestTheWorldIsAsPromised(t *testing.T) {
	w := running(t)
	state := w.Cloud.State()
	sizes := map[string]int{}
	for _, g := range state.Groups {
		sizes[g.Account+"/"+g.Name] = len(g.Instances)
	}
	for name, want := range map[string]int{
		productionAccount + "/web": 12, productionAccount + "/api": 8, productionAccount + "/worker": 20,
		productionAccount + "/cache": 1, productionAccount + "/fleet": 100, productionAccount + "/batch": 6, productionAccount + "/legacy": 4,
		stagingAccount + "/web": 3, stagingAccount + "/api": 2,
	} {
		if sizes[name] != want {
			t.Errorf("group %s: got %d servers, want %d", name, sizes[name], want)
		}
	}
	states := map[string]string{}
	for _, i := range state.Images {
		states[i.ID] = i.State
	}
	for id, want := range map[string]string{"ami-0a1": "available", "ami-0b2": "available", "ami-0bad": "available", "ami-0c3": "pending", "ami-0arm": "available", "ami-0dep": "available"} {
		if states[id] != want {
			t.Errorf("image %s: got %q, want %q", id, states[id], want)
		}
	}
	var alone []string
	for _, i := range state.Instances {
		alone = append(alone, i.Name)
	}
	slices.Sort(alone)
	if !slices.Equal(alone, []string{"pet-1", "web-builder"}) {
		t.Errorf("servers on their own: got %s, want pet-1 and web-builder", alone)
	}
}

func TestAPushedClockAgesTheFleet(t *testing.T) {
	w := running(t)
	id := w.Cloud.Region(region).Instances()[0].ID
	w.Cloud.Crash(id, "terminated")
	if err := w.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, g := range w.Cloud.State().Groups {
		serving := 0
		for _, i := range g.Instances {
			if i.Lifecycle == "InService" && i.ID != id {
				serving++
			}
		}
		if serving != g.Desired {
			t.Errorf("group %s after an hour: got %d in service, want %d", g.Name, serving, g.Desired)
		}
	}
}

func TestTheCallerDecidesTheCommands(t *testing.T) {
	w := running(t, func(o *Options) { o.Commands = []slacksim.Command{{Command: "/only"}} })
	var state struct {
		App struct{ Commands []struct{ Command string } }
	}
	get(t, w.Info().Page+"ui/state", &state)
	if len(state.App.Commands) != 1 || state.App.Commands[0].Command != "/only" {
		t.Errorf("got %+v", state.App.Commands)
	}
}

// quick makes the deadline for acknowledgements short.
func quick(o *slacksim.Options) { o.Timings.Ack = 300 * time.Millisecond }
