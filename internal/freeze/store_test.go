package freeze

import (
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T) (*miniredis.Miniredis, *redis.Client) {
	t.Helper()
	m := miniredis.RunT(t)
	m.SetTime(noon)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	t.Cleanup(func() { _ = c.Close() })
	return m, c
}

func TestFreezesStandUntilTheirTime(t *testing.T) {
	m, c := connect(t)
	s := NewStore(c, "amiral")
	short := Freeze{ID: "op-short", Environment: "production", Until: noon.Add(time.Hour), By: ledger.Actor{User: "U1", Team: "T1"}, Reason: "move"}
	long := Freeze{ID: "op-long", Target: "web*", Until: noon.Add(2 * time.Hour), Reason: "sale"}
	for _, f := range []Freeze{short, long, short} {
		if err := s.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	want := func(ids ...string) {
		t.Helper()
		all, err := s.All(t.Context())
		var got []string
		for _, f := range all {
			got = append(got, string(f.ID))
		}
		if err != nil || strings.Join(got, " ") != strings.Join(ids, " ") {
			t.Errorf("got %v, %v, want %v", got, err, ids)
		}
	}
	want("op-long", "op-short")
	if all, _ := s.All(t.Context()); all[1] != short {
		t.Errorf("got %+v, want %+v", all[1], short)
	}
	m.SetTime(noon.Add(time.Hour))
	want("op-long")
	if left, err := m.HKeys("{amiral}:freezes"); err != nil || len(left) != 1 {
		t.Errorf("got %v in the store, want what is over to be gone", left)
	}
	for range 2 {
		if err := s.Remove(t.Context(), "op-long"); err != nil {
			t.Fatal(err)
		}
	}
	want()
}

// TestAStoreThatFailsIsNoThaw: whoever asks learns of the failure, and not that nothing is frozen.
func TestAStoreThatFailsIsNoThaw(t *testing.T) {
	m, c := connect(t)
	s := NewStore(c, "amiral")
	m.HSet("{amiral}:freezes", "op-x", "{not json")
	if all, err := s.All(t.Context()); err == nil {
		t.Errorf("got %v, want an error for what cannot be read", all)
	}
	m.HDel("{amiral}:freezes", "op-x")
	m.SetError("LOADING Redis is loading")
	if all, err := s.All(t.Context()); err == nil {
		t.Errorf("got %v, want an error while Redis does not answer", all)
	}
}
