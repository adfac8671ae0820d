package ledger_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestFind(t *testing.T) {
	each(t, func(d *desk) {
		a, b := proposal("a", 1), proposal("b", 1)
		a.ID, b.ID = "op-abcdefghij", "op-abcxefghij"
		for _, p := range []ledger.Proposal{a, b} {
			_, _, err := d.Submit(d.ctx, p)
			d.ok(err)
		}
		for _, prefix := range []string{"op-abcdefghij", "abcd", "op-abcd"} {
			rec, err := d.Find(d.ctx, prefix)
			d.ok(err)
			d.want(prefix, rec.ID, a.ID)
		}
		for prefix, want := range map[string]error{"abc": ledger.ErrAmbiguous, "zz": ledger.ErrNotFound, "": ledger.ErrNotFound} {
			if _, err := d.Find(d.ctx, prefix); !errors.Is(err, want) {
				d.t.Errorf("%q: got %v, want %v", prefix, err, want)
			}
		}
	})
}

func TestOpenAndRecent(t *testing.T) {
	each(t, func(d *desk) {
		a := d.submit("a", 0).ID
		b := d.submit("b", 1).ID
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded}))
		open, err := d.Open(d.ctx)
		d.ok(err)
		d.want("open", fmt.Sprint(len(open), open[0].ID), fmt.Sprint(1, b))
		recent, err := d.Recent(d.ctx, 10)
		d.ok(err)
		d.want("recent", len(recent), 2)
		one, err := d.Recent(d.ctx, 0)
		d.ok(err)
		d.want("none", len(one), 0)
		d.want("ended", d.get(a).State, ledger.Succeeded)
	})
}

func TestManyOpenOperationsAreReadInPages(t *testing.T) {
	each(t, func(d *desk) {
		for i := range 205 {
			d.submit(fmt.Sprint("op ", i), 1)
		}
		open, err := d.Open(d.ctx)
		d.ok(err)
		seen := map[ledger.ID]bool{}
		for _, rec := range open {
			seen[rec.ID] = true
		}
		d.want("open, distinct", fmt.Sprint(len(open), len(seen)), "205 205")
	})
}

func TestOverdue(t *testing.T) {
	each(t, func(d *desk) {
		d.submit("a", 0)
		d.s.Pass(d.t, time.Minute)
		due, draw, oldest, err := d.Overdue(d.ctx)
		d.ok(err)
		d.want("due and draw", fmt.Sprint(due, draw), "1 1")
		if oldest < time.Minute || oldest > 2*time.Minute {
			d.t.Errorf("oldest: got %v", oldest)
		}
		d.must()
		d.ok(d.DrawLater(d.ctx, d.mustDraw(), time.Hour))
		due, draw, oldest, err = d.Overdue(d.ctx)
		d.ok(err)
		d.want("due, draw, oldest", fmt.Sprint(due, draw, oldest), "0 0 0s")
	})
}

func TestJournalSaysWhoAndWhen(t *testing.T) {
	each(t, func(d *desk) {
		id := d.submit("web", 1).ID
		_, err := d.vote(id, "U1", "approve")
		d.ok(err)
		_, err = d.Retry(d.ctx, d.must(), 0, "AWS is slow", 9)
		d.ok(err)
		d.ok(d.Finish(d.ctx, d.must(), ledger.End{State: ledger.Succeeded, Outcome: "Done.", Tone: "good"}))
		entries, err := d.Journal(d.ctx, id)
		d.ok(err)
		var got []string
		for _, e := range entries {
			if e.At.IsZero() || e.ID == "" {
				d.t.Errorf("an entry without time or id: %+v", e)
			}
			got = append(got, strings.TrimRight(e.Kind+" "+e.By.User+" "+e.Text, " "))
		}
		d.want("journal", strings.Join(got, "|"), "proposed UREQ|vote U1|approved U1|started|trouble  AWS is slow|ended")
	})
}

func TestCheckRefusesARedisThatForgets(t *testing.T) {
	t.Parallel()
	p := ledgertest.Spawn(t, t.TempDir(), 0)
	c := redis.NewClient(&redis.Options{Addr: p.Addr})
	defer c.Close()
	for _, step := range []struct {
		set, to string
		want    []ledger.Finding
	}{
		{"appendonly", "yes", nil},
		{"appendonly", "no", []ledger.Finding{{Text: "append-only"}}},
		{"maxmemory-policy", "allkeys-lru", []ledger.Finding{{Refuse: true, Text: "allkeys-lru"}, {Text: "append-only"}}},
	} {
		if err := c.ConfigSet(t.Context(), step.set, step.to).Err(); err != nil {
			t.Fatal(err)
		}
		got, err := ledger.Check(t.Context(), c)
		if err != nil || len(got) != len(step.want) {
			t.Fatalf("%s %s: got %v, %v", step.set, step.to, got, err)
		}
		for i := range got {
			if got[i].Refuse != step.want[i].Refuse || !strings.Contains(got[i].Text, step.want[i].Text) {
				t.Errorf("%s %s: got %v", step.set, step.to, got[i])
			}
		}
	}
}

func TestCheckSaysWhatItCannotSee(t *testing.T) {
	t.Parallel()
	s := ledgertest.Mini(t)
	got, err := ledger.Check(t.Context(), s.Redis())
	if err != nil || len(got) != 1 || got[0].Refuse || !strings.Contains(got[0].Text, "not available") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEveryScriptSaysWhatItTakesAndReturns(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(os.DirFS("lua"), "*.lua")
	if err != nil || len(files) < 15 {
		t.Fatalf("got %d scripts, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile("lua/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"-- KEYS", "-- ARGV", "-- Returns"} {
			if name != "shared.lua" && name != "seats.lua" && !strings.Contains(string(text), want) {
				t.Errorf("%s has no line %q", name, want)
			}
		}
	}
}
