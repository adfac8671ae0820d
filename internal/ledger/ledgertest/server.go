// Package ledgertest is what tests of the ledger and of its users share: servers to run them on, a way to
// let time pass, and the invariants that must hold whatever happened.
package ledgertest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Server is a Redis to test against.
type Server struct {
	Addr   string
	Prefix string
	mini   *miniredis.Miniredis // nil: a real one
	ahead  time.Duration        // of a miniredis: how far its clock was pushed
	client *redis.Client
}

// Each runs a test on a miniredis, and on a real Redis where there is one: at REDIS_ADDR, or a redis-server
// that is started for the test.
func Each(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Run("miniredis", func(t *testing.T) { test(t, Mini(t)) })
	t.Run("redis", func(t *testing.T) { test(t, Real(t)) })
}

// Mini is a miniredis of the test's own.
func Mini(t testing.TB) *Server {
	t.Helper()
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: m.Addr(), Prefix: "test", mini: m}
	s.client = s.Client()
	t.Cleanup(func() {
		_ = s.client.Close() // nothing hangs on it
		m.Close()
	})
	return s
}

// Real is a real Redis; the test is skipped where there is none. At REDIS_ADDR each test has a prefix of its own.
func Real(t testing.TB) *Server {
	t.Helper()
	addr := os.Getenv("REDIS_ADDR")
	if addr == "" {
		addr = Spawn(t, t.TempDir(), 0).Addr
	}
	s := &Server{Addr: addr, Prefix: "test-" + strings.ToLower(rand.Text()[:8])}
	s.client = s.Client()
	t.Cleanup(func() {
		s.Clear(t)
		_ = s.client.Close() // nothing hangs on it
	})
	return s
}

// Client is a new client, which is the caller's to close. It never repeats a command by itself.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: s.Addr, MaxRetries: -1, PoolSize: 64,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// Real reports whether it is a real Redis, which is several times faster than a miniredis at scripts.
func (s *Server) Real() bool { return s.mini == nil }

// Redis is the test's own client.
func (s *Server) Redis() *redis.Client { return s.client }

// pass makes everything that is stored older. Only its stored times decide when something is due.
var pass = redis.NewScript(`
local d = tonumber(ARGV[1])
for _, set in ipairs({KEYS[1], KEYS[2]}) do
  local all = redis.call('ZRANGE', set, 0, -1)
  for _, member in ipairs(all) do redis.call('ZINCRBY', set, -d, member) end
end
for _, op in ipairs(redis.call('KEYS', ARGV[2])) do
  for _, field in ipairs({'held', 'hold', 'gap', 'expires', 'since', 'opens'}) do
    local v = tonumber(redis.call('HGET', op, field) or '0')
    if v and v > 0 then redis.call('HSET', op, field, string.format('%.0f', v - d)) end
  end
end
for _, votes in ipairs(redis.call('KEYS', ARGV[3])) do
  for _, user in ipairs(redis.call('HKEYS', votes)) do
    local vote = redis.call('HGET', votes, user)
    vote = string.gsub(vote, '"at":"(%d+)"', function(at) return string.format('"at":"%.0f"', tonumber(at) - d) end)
    redis.call('HSET', votes, user, vote)
  end
end
return 1`)

// Pass lets time pass for the ledger, at once.
func (s *Server) Pass(t testing.TB, d time.Duration) {
	t.Helper()
	if s.mini != nil {
		s.ahead += d
		s.mini.SetTime(time.Now().Add(s.ahead))
		return
	}
	keys := []string{s.tag() + "due", s.tag() + "draw"}
	if err := pass.Run(context.Background(), s.client, keys, d.Milliseconds(), s.tag()+"op:*", s.tag()+"votes:*").Err(); err != nil {
		t.Fatal(err)
	}
}

// Now is the time as the ledger's server has it.
func (s *Server) Now() time.Time { return time.Now().Add(s.ahead) }

func (s *Server) tag() string { return "{" + s.Prefix + "}:" }

// Clear deletes everything of the prefix.
func (s *Server) Clear(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	keys, err := s.client.Keys(ctx, s.tag()+"*").Result()
	if err == nil && len(keys) > 0 {
		err = s.client.Del(ctx, keys...).Err()
	}
	if err != nil {
		t.Fatalf("not cleared: %v", err)
	}
}

// Process is a redis-server of the test's own.
type Process struct {
	Addr string
	port int
	dir  string
	cmd  *exec.Cmd
}

// Spawn starts a redis-server that writes an append-only file into dir, on a port or any free one, with more
// options if need be. It is killed when the test ends. The test is skipped where there is no redis-server.
func Spawn(t testing.TB, dir string, port int, options ...string) *Process {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("there is no redis-server here, and no REDIS_ADDR")
	}
	if port == 0 {
		port = freePort(t)
	}
	p := &Process{Addr: fmt.Sprintf("127.0.0.1:%d", port), port: port, dir: dir}
	args := []string{
		"--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
	}
	p.cmd = exec.Command(path, append(args, options...)...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	ready := bufio.NewScanner(out)
	for ready.Scan() {
		if strings.Contains(ready.Text(), "Ready to accept connections") {
			return p
		}
	}
	t.Fatal("redis-server did not start")
	return nil
}

// Kill ends it at once, without a chance to say goodbye.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // may be dead already
	_ = p.cmd.Wait()
}

// Again kills it and starts it again on the same port with the same files.
func (p *Process) Again(t testing.TB) *Process {
	t.Helper()
	p.Kill()
	return Spawn(t, p.dir, p.port)
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(errors.New("no port"))
	}
	return a.Port
}
