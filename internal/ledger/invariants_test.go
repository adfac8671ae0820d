package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// story fills a ledger with operations in every state, and returns them by the state's name.
func story(d *desk) map[string]string {
	d.t.Helper()
	ids := map[string]string{}
	keep := func(name string, id ledger.ID) ledger.ID { ids[name] = string(id); return id }
	on := func(name, resource string, n int) ledger.ID {
		p := proposal(name, n)
		p.Resource = resource
		_, _, err := d.Submit(d.ctx, p)
		d.ok(err)
		return keep(name, p.ID)
	}
	on("pending", "r1", 2)
	_, err := d.vote(ledger.ID(ids["pending"]), "U1", "approve")
	d.ok(err)
	on("denied", "r1", 1)
	_, err = d.vote(ledger.ID(ids["denied"]), "U1", "deny")
	d.ok(err)
	on("succeeded", "r2", 1)
	_, err = d.vote(ledger.ID(ids["succeeded"]), "U1", "approve")
	d.ok(err)
	d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "start"}))
	d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{}))
	d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded, Outcome: "Done."}))
	on("running", "r2", 0)
	d.ok(d.Checkpoint(d.ctx, d.must(), ledger.Mark{Step: "start", In: time.Hour}))
	on("waiting", "r2", 0)
	for dr := d.drawing(); dr != nil; dr = d.drawing() {
		d.say(dr)
		d.ok(d.Drawn(d.ctx, dr, 0))
	}
	return ids
}

// TestInvariants breaks each invariant on purpose, and sees that the check finds it.
func TestInvariants(t *testing.T) {
	t.Parallel()
	type broken struct {
		name string
		do   func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error
	}
	set := func(state, field string, value any) func(context.Context, *redis.Client, string, map[string]string) error {
		return func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.HSet(ctx, tag+"op:"+ids[state], field, value).Err()
		}
	}
	entry := func(state string, values ...any) func(context.Context, *redis.Client, string, map[string]string) error {
		return func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.XAdd(ctx, &redis.XAddArgs{Stream: tag + "journal:" + ids[state], Values: values}).Err()
		}
	}
	for _, b := range []broken{
		{"I1 an acknowledged decision is in the journal", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.XTrimMaxLen(ctx, tag+"journal:"+ids["denied"], 0).Err()
		}},
		{"I1 an acknowledged vote is in the journal", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.HSet(ctx, tag+"votes:"+ids["pending"], "U7", `{"at":"1","n":1,"by":"{}","choice":"deny"}`).Err()
		}},
		{"I2 what has its votes was started", set("pending", "quorum", 1)},
		{"I2 nothing starts without its votes", set("running", "quorum", 3)},
		{"I3 one request is one operation", entry("running", "kind", "started")},
		{"I3 a request is proposed once", entry("pending", "kind", "proposed")},
		{"I4 the sequence has no gap", entry("running", "kind", "step", "seq", "3")},
		{"I4 the sequence is the journal's", set("running", "seq", 2)},
		{"I5 only the present turn writes", entry("running", "kind", "trouble", "epoch", "1")},
		{"I6 an operation at work holds its resource", func(ctx context.Context, c *redis.Client, tag string, _ map[string]string) error {
			return c.Del(ctx, tag+"lock:r2").Err()
		}},
		{"I6 a lock does not go away by itself", func(ctx context.Context, c *redis.Client, tag string, _ map[string]string) error {
			return c.Expire(ctx, tag+"lock:r2", time.Hour).Err()
		}},
		{"I6 who waits stands in line", func(ctx context.Context, c *redis.Client, tag string, _ map[string]string) error {
			return c.Del(ctx, tag+"wait:r2").Err()
		}},
		{"I6 an ended operation holds nothing", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.Set(ctx, tag+"lock:r1", ids["denied"], 0).Err()
		}},
		{"I7 what runs is due", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.ZRem(ctx, tag+"due", ids["running"]).Err()
		}},
		{"I7 what ended is not due", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.ZAdd(ctx, tag+"due", redis.Z{Member: ids["succeeded"]}).Err()
		}},
		{"I9 what runs is what was proposed", set("running", "digest", "d2")},
		{"I9 the requester does not vote", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.HSet(ctx, tag+"votes:"+ids["pending"], "UREQ", `{"at":"1","n":1,"by":"{}","choice":"deny"}`).Err()
		}},
		{"I9 votes come in time", set("pending", "expires", 5)},
		{"I10 an end is told", set("succeeded", "rev", 99)},
		{"I10 there is one end", entry("succeeded", "kind", "ended")},
		{"I11 what waits is asked once", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.Del(ctx, tag+"same:r1:rollout:"+digest("pending")).Err()
		}},
		{"I11 what is over is in nobody's way", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.Set(ctx, tag+"same:r1:rollout:"+digest("denied"), ids["denied"], 0).Err()
		}},
		{"I11 nothing stands for something else", func(ctx context.Context, c *redis.Client, tag string, ids map[string]string) error {
			return c.Set(ctx, tag+"same:r1:rollout:d7", ids["pending"], 0).Err()
		}},
		{"I11 nothing unknown stands for anything", func(ctx context.Context, c *redis.Client, tag string, _ map[string]string) error {
			return c.Set(ctx, tag+"same:r1:rollout:d7", "op-gone", 0).Err()
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := ledgertest.Mini(t)
			ctx := context.Background()
			d := &desk{Ledger: ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix}), t: t, s: s, ctx: ctx}
			ids := story(d)
			if found, err := ledgertest.Broken(ctx, s.Redis(), s.Prefix); err != nil || len(found) > 0 {
				t.Fatalf("before: got %v, %v", found, err)
			}
			if err := b.do(ctx, s.Redis(), "{"+s.Prefix+"}:", ids); err != nil {
				t.Fatal(err)
			}
			found, err := ledgertest.Broken(ctx, s.Redis(), s.Prefix)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(b.name, " ")
			if !strings.Contains(fmt.Sprintf("\n%s", strings.Join(found, "\n")), "\n"+name+" ") {
				t.Errorf("got %q, want one of %s", found, name)
			}
		})
	}
}
