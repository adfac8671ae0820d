package ledger_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// until tries something again until it is so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatalf("ten seconds, and still not: %s", what)
		}
	}
}

// TestAReplicaConfirmsDecisions: with a replica that follows, decisions and ends are confirmed; without one
// they are made and said to be unconfirmed.
func TestAReplicaConfirmsDecisions(t *testing.T) {
	t.Parallel()
	primary, replica := ledgertest.Spawn(t, t.TempDir(), 0), ledgertest.Spawn(t, t.TempDir(), 0)
	c := redis.NewClient(&redis.Options{Addr: primary.Addr, MaxRetries: -1})
	defer c.Close()
	r := redis.NewClient(&redis.Options{Addr: replica.Addr, MaxRetries: -1})
	defer r.Close()
	ctx := t.Context()
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Do(ctx, "REPLICAOF", host, port).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the replica follows", func() bool { return c.Do(ctx, "WAIT", 1, 100).Val() == int64(1) })

	l := ledger.New(c, ledger.Options{Replicas: 1, ReplicaTimeout: 5 * time.Second})
	rec, _, err := l.Submit(ctx, proposal("web", 1))
	if err != nil {
		t.Fatal(err)
	}
	rec, err = l.Vote(ctx, rec.ID, -1, ledger.Vote{Actor: person("U1"), Choice: "approve", Fills: []int{0}}, digest("web"), ledger.VoteOptions{})
	if err != nil || rec.State != ledger.Running {
		t.Fatalf("got %s, %v", rec.State, err)
	}
	if state := r.HGet(ctx, "{amiral}:op:"+string(rec.ID), "state").Val(); state != string(ledger.Running) {
		t.Errorf("the replica has it as %q", state)
	}
	replica.Kill()
	l = ledger.New(c, ledger.Options{Replicas: 1, ReplicaTimeout: 20 * time.Millisecond})
	turn, err := l.Claim(ctx, "w", lease)
	if err != nil || turn == nil {
		t.Fatal(turn, err)
	}
	if err := l.Finish(ctx, turn, ledger.End{State: ledger.Succeeded}); !errors.Is(err, ledger.ErrNotReplicated) {
		t.Errorf("without its replica: got %v", err)
	}
}

// TestOnACluster: a node of a real cluster refuses scripts whose keys are not of one slot.
func TestOnACluster(t *testing.T) {
	t.Parallel()
	node := ledgertest.Spawn(t, t.TempDir(), 0, "--cluster-enabled", "yes")
	single := redis.NewClient(&redis.Options{Addr: node.Addr, MaxRetries: -1})
	defer single.Close()
	ctx := context.Background()
	if err := single.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the cluster is whole", func() bool { return single.Set(ctx, "ready", "1", 0).Err() == nil })

	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{node.Addr}})
	defer c.Close()
	s := &ledgertest.Server{Addr: node.Addr, Prefix: "amiral"}
	d := &desk{Ledger: ledger.New(c, ledger.Options{Replicas: 1, ReplicaTimeout: time.Millisecond}), t: t, s: s, ctx: ctx}
	a, _, err := d.Submit(ctx, proposal("a", 1))
	d.ok(err)
	if _, err := d.vote(a.ID, "U1", "approve"); !errors.Is(err, ledger.ErrNotReplicated) {
		t.Errorf("got %v", err)
	}
	d.Ledger = ledger.New(c, ledger.Options{})
	b := d.submit("b", 0)
	d.want("state", b.State, ledger.Waiting)
	_, err = d.Signal(ctx, a.ID, -1, ledger.Signal{Name: "pause", By: person("U1")})
	d.ok(err)
	d.ok(d.Checkpoint(ctx, d.must(), ledger.Mark{Step: "start", Line: "Checked."}))
	d.ok(d.Finish(ctx, d.must(), ledger.End{State: ledger.Succeeded}))
	d.want("heir", d.must().ID, b.ID)
	d.ok(second(false, d.Drawn(ctx, d.mustDraw(), 0)))
	_, err = d.Withdraw(ctx, d.submit("c", 1).ID, person("UREQ"), "")
	d.ok(err)
	ledgertest.Check(t, single, "amiral")
}
