package app_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/workspace"
)

// programs are the two bots, as they are built to be shipped.
type programs struct{ amiral, echo string }

func build(b *testing.B) programs {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir, "../../cmd/amiral", "./testdata/echo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("the bots cannot be built: %v\n%s", err, out)
	}
	return programs{amiral: filepath.Join(dir, "amiral"), echo: filepath.Join(dir, "echo")}
}

// configuration is that of a bot with two environments.
const configuration = `
environments:
  - {name: production, region: eu-west-1, channels: ["#deploys"], default: true}
  - {name: staging, region: eu-central-1, channels: ["#staging"]}
policy:
  - {name: production rollouts, kind: rollout, environment: production, approvals: 1, from: sre}
http: {addr: "127.0.0.1:0"}
`

// contestant is a bot in a process of its own, with the Slack it is connected to.
type contestant struct {
	*counter
	pid int
}

// enterAmiral starts amiral, and waits until it has both its connections.
func (p programs) enterAmiral(b *testing.B, s store) *contestant {
	b.Helper()
	path := filepath.Join(b.TempDir(), "amiral.yaml")
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(p.amiral, "serve", "-config", path)
	cmd.Env = append(os.Environ(), "REDIS_URL="+s.url)
	for name, value := range awsEnv(workspace.Info{AWSEndpoint: "http://127.0.0.1:9"}) { // nobody asks for it
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return enter(b, cmd, 2)
}

// enterEcho starts the echo, and waits until it is connected.
func (p programs) enterEcho(b *testing.B) *contestant {
	b.Helper()
	cmd := exec.Command(p.echo)
	cmd.Env = os.Environ()
	return enter(b, cmd, 1)
}

func enter(b *testing.B, cmd *exec.Cmd, connections int) *contestant {
	b.Helper()
	c := newCounter(b)
	var said bytes.Buffer
	cmd.Env = append(cmd.Env, "SLACK_BOT_TOKEN=xoxb-local", "SLACK_APP_TOKEN=xapp-local", "SLACK_API_URL="+c.url+"/api/")
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		if b.Failed() {
			b.Logf("%s ended with %v and said:\n%s", cmd.Path, err, said.String())
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
	_, rest, alive := strings.Cut(string(status), "VmRSS:")
	if !alive {
		return 0, fmt.Errorf("process %d has ended", c.pid)
	}
	var kB float64
	_, err = fmt.Sscan(rest, &kB)
	return kB / 1024, err
}

// store is where a measured bot keeps its state: a Redis, or inside itself where there is no url.
type store struct{ name, url string }

// stores are a real Redis, where there is one, and the embedded.
func stores(b *testing.B) []store {
	b.Helper()
	embedded := store{name: "embedded"}
	if !redisHere(b) {
		return []store{embedded}
	}
	return []store{{name: "redis", url: "redis://" + ledgertest.Spawn(b, b.TempDir(), 0).Addr + "/0"}, embedded}
}

// redisHere reports whether there is a redis-server, and says so if there is none.
func redisHere(b *testing.B) bool {
	b.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: redis-server is not installed, so only the embedded one is measured\n", b.Name()) // a log of b would be kept back
	}
	return err == nil
}

// rest lets a process come to rest.
func rest(d time.Duration) { <-time.After(d) }
