package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// workerEnv makes the test binary a worker on the Redis that it names.
const workerEnv = "AMIRAL_TEST_WORKER"

// The workers' cloud is kept in the same Redis, apart from the ledger: what happened by token, and every
// effect in its order.
var effect = redis.NewScript(`
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('RPUSH', KEYS[2], ARGV[2]) end
return redis.call('INCR', KEYS[3])`)

var cloudKeys = []string{"{cloud}:tokens", "{cloud}:effects", "{cloud}:asked"}

// work is a worker's process, until it is killed or its parent is gone.
func work(addr string) {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	e := &engine.Engine{
		Ledger: ledger.New(client, ledger.Options{MaxClaims: 1000}), Owner: fmt.Sprint(os.Getpid()),
		Lease: time.Second, Idle: 20 * time.Millisecond, Soonest: 50 * time.Millisecond, Limit: 10_000,
		Log: slog.New(slog.DiscardHandler),
		Workflows: map[string]engine.Workflow{"chain": turnFunc(func(ctx context.Context, t engine.Turn) (engine.Outcome, error) {
			what := string(t.ID) + " " + t.At
			if err := effect.Run(ctx, client, cloudKeys, t.Token("do"), what).Err(); err != nil {
				return engine.Outcome{}, err
			}
			linger(ctx, 50*time.Millisecond) // so that kills fall between effect and checkpoint
			i := slices.Index(steps, t.At)
			if i == len(steps)-1 {
				return engine.Outcome{End: ledger.Succeeded, Line: "Did " + t.At + "."}, nil
			}
			return engine.Outcome{Step: steps[i+1], In: 50 * time.Millisecond, Line: "Did " + t.At + "."}, nil
		})},
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		cancel()
	}()
	_ = e.Run(ctx) // it returns nothing else than nil
}

func linger(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// worker starts a worker's process.
func worker(t *testing.T, addr string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerEnv+"="+addr)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &bytes.Buffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // kill -9; it may be dead already
	_ = cmd.Wait()
}

// TestKilledProcesses kills workers, and Redis itself, again and again under a hundred operations.
func TestKilledProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	t.Parallel()
	dir := t.TempDir()
	server := ledgertest.Spawn(t, dir, 0)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: 10})
	defer client.Close()
	l := ledger.New(client, ledger.Options{})
	var ids []ledger.ID
	for i := range 100 {
		p := ledger.Proposal{
			ID: ledger.IDOf(fmt.Sprint("kill", i)), Kind: "chain", Step: steps[0], Resource: fmt.Sprint("group", i%10),
			Requester: ledger.Actor{User: "U0"}, Digest: fmt.Sprint("d", i), Rule: ledger.Rule{Needs: ledger.From(1), ValidFor: time.Hour},
		}
		if _, _, err := l.Submit(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		vote := ledger.Vote{Actor: ledger.Actor{User: "U1"}, Choice: "approve", Fills: []int{0}}
		if _, err := l.Vote(t.Context(), p.ID, -1, vote, p.Digest, ledger.VoteOptions{}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}

	workers := make([]*exec.Cmd, 3)
	for i := range workers {
		workers[i] = worker(t, server.Addr)
	}
	defer func() {
		for _, w := range workers {
			kill(w)
		}
	}()
	rng := rand.New(rand.NewPCG(7, 7))
	kills, redisKills := 0, 0
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for until := time.After(100 * time.Second); ; {
		select {
		case <-until:
			t.Fatal("the operations did not end")
		case <-tick.C:
		}
		open, err := l.Open(t.Context())
		if err == nil && len(open) == 0 {
			break
		}
		if kills < 50 {
			i := rng.IntN(len(workers))
			kill(workers[i])
			workers[i] = worker(t, server.Addr)
			if kills++; kills%20 == 10 {
				server = server.Again(t)
				redisKills++
			}
		}
	}
	wrong := outcome(t, client, l, ids)
	if len(wrong) > 0 {
		t.Error(wrong)
	}
	broken, err := ledgertest.Broken(t.Context(), client, "amiral")
	if err != nil || len(broken) > 0 {
		t.Error(broken, err)
	}
	asked, err := client.Get(t.Context(), cloudKeys[2]).Int()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d operations, %d workers and %d Redis killed, %d steps repeated, nothing doubled, nothing lost",
		len(ids), kills, redisKills, asked-len(ids)*len(steps))
}

// outcome is what is not as it must be.
func outcome(t *testing.T, client *redis.Client, l *ledger.Ledger, ids []ledger.ID) (wrong []string) {
	t.Helper()
	effects, err := client.LRange(t.Context(), cloudKeys[1], 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, what := range effects {
		times[what]++
	}
	for _, id := range ids {
		rec, err := l.Get(t.Context(), id)
		if err != nil || rec.State != ledger.Succeeded {
			wrong = append(wrong, fmt.Sprintf("%s is %s, %v", id, rec.State, err))
		}
		entries, err := l.Journal(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			if n := times[string(id)+" "+step]; n != 1 {
				wrong = append(wrong, fmt.Sprintf("%s %s happened %d times", id, step, n))
			}
			if n := said(entries, "Did "+step+"."); n != 1 {
				wrong = append(wrong, fmt.Sprintf("%s says %d times that it did %s", id, n, step))
			}
		}
	}
	return wrong
}
