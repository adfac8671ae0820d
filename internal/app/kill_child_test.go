package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/config"
	"github.com/amiral-ops/amiral/internal/workspace"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// child is a bot in a process of its own.
type child struct {
	cmd *exec.Cmd
	out *bytes.Buffer
}

// child starts a bot's process in the world. The SDK finds AWS in the environment, as in production. The process is
// killed when the test ends.
func (w *world) child() *child {
	w.t.Helper()
	info := w.Info()
	c := &child{cmd: exec.Command(os.Args[0]), out: &bytes.Buffer{}}
	c.cmd.Env = append(os.Environ(), childMark+"=1", "SLACK_BOT_TOKEN="+info.SlackBotToken,
		"SLACK_APP_TOKEN="+info.SlackAppToken, "SLACK_API_URL="+info.SlackAPI, "REDIS_URL="+info.Redis)
	for name, value := range awsEnv(info) {
		c.cmd.Env = append(c.cmd.Env, name+"="+value)
	}
	c.cmd.Stderr = c.out
	if _, err := c.cmd.StdinPipe(); err != nil {
		w.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	name := fmt.Sprintf("child-%d.log", c.cmd.Process.Pid)
	w.t.Cleanup(func() {
		c.kill()
		if dir := os.Getenv("LOG"); dir != "" {
			_ = os.WriteFile(filepath.Join(dir, name), c.out.Bytes(), 0o600)
		}
	})
	return c
}

// kill ends it at once.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may be dead already
	_ = c.cmd.Wait()
}

// term asks it to end, and waits for it. If it does not, it is ended with a look at what it was doing.
func (c *child) term(limit time.Duration) error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(limit, func() { _ = c.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	return c.cmd.Wait()
}

// redisProcess is a redis-server that can be killed, frozen and started again with what it wrote to disk.
type redisProcess struct {
	t       *testing.T
	program string
	dir     string
	port    int
	cmd     *exec.Cmd
}

// mortalRedis starts a redis-server. Where there is none the test is left out, unless REQUIRE_REDIS is set.
func mortalRedis(t *testing.T) *redisProcess {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("REQUIRE_REDIS") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("left out: redis-server is not installed")
	}
	r := &redisProcess{t: t, program: program, dir: t.TempDir(), port: freePort(t)}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisProcess) addr() string { return fmt.Sprintf("127.0.0.1:%d", r.port) }

func (r *redisProcess) start() {
	r.t.Helper()
	r.cmd = exec.Command(r.program, "--port", fmt.Sprint(r.port), "--bind", "127.0.0.1", "--dir", r.dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--loglevel", "warning")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	if !until(r.t.Context(), 10*time.Second, r.answers) {
		r.t.Fatal("redis-server does not answer")
	}
}

func (r *redisProcess) answers() bool {
	c, err := net.DialTimeout("tcp", r.addr(), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	answer := make([]byte, 5)
	_, errWrite := c.Write([]byte("PING\r\n"))
	_, errRead := c.Read(answer)
	return errors.Join(errWrite, errRead) == nil && strings.HasPrefix(string(answer), "+PONG")
}

func (r *redisProcess) kill() {
	_ = r.cmd.Process.Kill() // it may be dead already
	_ = r.cmd.Wait()
}

func (r *redisProcess) signal(s syscall.Signal) {
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Error(err)
	}
}

// on makes a world stand on this Redis.
func (r *redisProcess) on(o *workspace.Options, _ *config.Config) {
	o.RedisURL = "redis://" + r.addr() + "/0"
}

// bare makes a world with nothing in its cloud.
func bare(o *workspace.Options, _ *config.Config) { o.Bare = true }

// fill adds groups of two instances that have a template each, and the images that they may run.
func (w *world) fill(names ...string) {
	w.t.Helper()
	f := w.Cloud.Region("eu-west-1")
	f.AddImage(awssim.Image{ID: "ami-0001", Name: "golden-1"})
	f.AddImage(awssim.Image{ID: "ami-0002", Name: "golden-2"})
	f.AddImage(awssim.Image{ID: "ami-0bad", Name: "golden-bad", Spoiled: awssim.SpoiledFails})
	warmup := time.Minute
	for _, name := range names {
		f.AddTemplate(awssim.Template{Name: name + "-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0001"}}})
		if err := f.AddGroup(awssim.Group{Name: name, Template: name + "-lt", Max: 4, Desired: 2, Warmup: &warmup}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// named are n names with a common beginning.
func named(beginning string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%02d", beginning, i+1))
	}
	return names
}
