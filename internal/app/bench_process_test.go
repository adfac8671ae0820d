package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/workspace"
)

// echo is the least that a bot can do: acknowledge at once, answer once, keep nothing. It is what amiral is
// measured beside.
func echo(ctx context.Context) error {
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	api := slack.New(os.Getenv("SLACK_BOT_TOKEN"), slack.OptionAppLevelToken(os.Getenv("SLACK_APP_TOKEN")),
		slack.OptionAPIURL(os.Getenv("SLACK_API_URL")), slack.OptionHTTPClient(web))
	client := socketmode.New(api)
	go func() {
		for e := range client.Events {
			command, ok := e.Data.(slack.SlashCommand)
			if !ok {
				continue
			}
			_ = client.Ack(*e.Request) // the other side counts
			go func() {
				_ = slack.PostWebhookCustomHTTPContext(ctx, command.ResponseURL, web, &slack.WebhookMessage{Text: "You are <@" + command.UserID + ">."})
			}()
		}
	}()
	return client.RunContext(ctx)
}

// contestant is a bot in a process of its own, with the Slack it is connected to.
type contestant struct {
	*counter
	pid int
}

// enter starts a bot and waits until it has its connections.
func enter(b *testing.B, mode string, connections int, env ...string) *contestant {
	b.Helper()
	c := newCounter(b)
	var said bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childMark+"="+mode, "SLACK_BOT_TOKEN=xoxb-local", "SLACK_APP_TOKEN=xapp-local", "SLACK_API_URL="+c.url+"/api/")
	for name, value := range awsEnv(workspace.Info{AWSEndpoint: local(b)}) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // a killed echo says so
		if b.Failed() {
			b.Logf("%s said:\n%s", mode, said.String())
		}
	})
	c.connected(b, connections)
	return &contestant{counter: c, pid: cmd.Process.Pid}
}

// memory is what the process holds, in megabytes.
func (c *contestant) memory() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	return float64(kB) / 1024, err
}

// store is where a measured bot keeps its state.
type store struct {
	name string
	env  []string
}

// stores are a real Redis, where there is one, and the embedded.
func stores(b *testing.B) []store {
	b.Helper()
	embedded := store{name: "embedded", env: []string{"REDIS_URL="}}
	if !redisHere(b) {
		return []store{embedded}
	}
	redis := ledgertest.Spawn(b, b.TempDir(), 0)
	return []store{{name: "redis", env: []string{"REDIS_URL=redis://" + redis.Addr + "/0"}}, embedded}
}

// redisHere reports whether there is a redis-server, and says so if there is none.
func redisHere(b *testing.B) bool {
	b.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil {
		b.Log("redis-server is not installed: only the embedded one is measured")
	}
	return err == nil
}

// rest lets a process come to rest.
func rest(d time.Duration) { <-time.After(d) }
