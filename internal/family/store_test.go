package family

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// golden is an image that an operation makes golden, some hours after noon.
func golden(image, op string, hours int) Golden {
	return Golden{
		Environment: "production", Family: "web", Image: fleet.ImageID(image), Name: "web-" + image,
		At: noon.Add(time.Duration(hours) * time.Hour), By: ledger.Actor{User: "U1", Team: "T1"}, Op: ledger.ID(op),
	}
}

func TestAPointerMovesFromWhatWasSeen(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, server *ledgertest.Server) {
		s := NewStore(server.Redis(), server.Prefix)
		if _, err := s.Golden(t.Context(), "production", "web"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "/ami promote <image> --family web") {
			t.Errorf("got %v, want how to promote the first one", err)
		}
		first, err := s.Point(t.Context(), golden("ami-1", "op-1", 0), 0)
		if err != nil || first.Revision != 1 {
			t.Fatalf("got %+v, %v, want revision 1", first, err)
		}
		if _, err := s.Point(t.Context(), golden("ami-2", "op-2", 1), 0); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "ami-1") {
			t.Errorf("got %v, want a conflict that names ami-1", err)
		}
		second, err := s.Point(t.Context(), golden("ami-2", "op-2", 1), 1)
		if err != nil || second.Revision != 2 {
			t.Fatalf("got %+v, %v, want revision 2", second, err)
		}
		if got, err := s.Golden(t.Context(), "production", "web"); err != nil || got != second {
			t.Errorf("got %+v, %v, want %+v", got, err, second)
		}
		if past, err := s.History(t.Context(), "production", "web", 10); err != nil || !slices.Equal(past, []Golden{second, first}) {
			t.Errorf("got %+v, %v, want both, newest first", past, err)
		}
	})
}

// TestTheSameOperationPointsOnce: however often its step runs, and whatever was promoted since.
func TestTheSameOperationPointsOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, server *ledgertest.Server) {
		s := NewStore(server.Redis(), server.Prefix)
		want, _ := s.Point(t.Context(), golden("ami-1", "op-1", 0), 0)
		if got, err := s.Point(t.Context(), golden("ami-1", "op-1", 0), 0); err != nil || got != want {
			t.Errorf("got %+v, %v again, want %+v", got, err, want)
		}
		later, _ := s.Point(t.Context(), golden("ami-2", "op-2", 1), 1)
		if got, err := s.Point(t.Context(), golden("ami-1", "op-1", 0), 0); err != nil || got != want {
			t.Errorf("got %+v, %v after another one, want %+v", got, err, want)
		}
		if got, _ := s.Golden(t.Context(), "production", "web"); got != later {
			t.Errorf("got %+v golden, want what was promoted later", got)
		}
		if past, _ := s.History(t.Context(), "production", "web", 10); len(past) != 2 {
			t.Errorf("got %d in the history, want 2", len(past))
		}
	})
}

// TestOfManyAtOnceOneMoves: each saw the same revision.
func TestOfManyAtOnceOneMoves(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, server *ledgertest.Server) {
		s := NewStore(server.Redis(), server.Prefix)
		var all sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			all.Go(func() {
				n := string(rune('a' + i))
				_, errs[i] = s.Point(t.Context(), golden("ami-"+n, "op-"+n, i), 0)
			})
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("got %v, want a conflict", err)
			}
		}
		past, _ := s.History(t.Context(), "production", "web", 10)
		if done != 1 || len(past) != 1 {
			t.Errorf("got %d moves and %d in the history, want one", done, len(past))
		}
	})
}

func TestFamiliesOfOneNameAreApart(t *testing.T) {
	server := ledgertest.Mini(t)
	s := NewStore(server.Redis(), server.Prefix)
	for _, where := range []string{"staging", "production"} {
		for _, name := range []string{"web", "api"} {
			g := golden("ami-"+where+name, "op-1", 0)
			g.Environment, g.Family = where, name
			if _, err := s.Point(t.Context(), g, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := s.All(t.Context(), "production")
	if err != nil || len(all) != 2 || all[0].Image != "ami-productionapi" || all[1].Image != "ami-productionweb" {
		t.Errorf("got %+v, %v, want those of production by name", all, err)
	}
	if all, err := s.All(t.Context(), ""); err != nil || len(all) != 4 {
		t.Errorf("got %d, %v, want all four", len(all), err)
	}
}

func TestAHistoryHasAnEnd(t *testing.T) {
	server := ledgertest.Mini(t)
	s := NewStore(server.Redis(), server.Prefix)
	for i := range int64(remembered + 5) {
		g := golden("ami-1", "op-"+string(rune('A'+i)), int(i))
		if _, err := s.Point(t.Context(), g, i); err != nil {
			t.Fatal(err)
		}
	}
	past, err := s.History(t.Context(), "production", "web", 1000)
	if err != nil || len(past) != remembered || past[0].Revision != remembered+5 {
		t.Errorf("got %d, %v, want the last %d", len(past), err, remembered)
	}
}

// TestAStoreThatFailsIsNoFamily: whoever asks learns of the failure, and not that nothing is golden.
func TestAStoreThatFailsIsNoFamily(t *testing.T) {
	server := ledgertest.Mini(t)
	s := NewStore(server.Redis(), server.Prefix)
	server.Redis().HSet(t.Context(), s.all(), "production/web", "{not json")
	if _, err := s.Golden(t.Context(), "production", "web"); err == nil || fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want an error", err)
	}
	if _, err := s.All(t.Context(), "production"); err == nil {
		t.Error("got no error for what cannot be read")
	}
	for _, name := range []string{"", "a/b", "-x", strings.Repeat("x", 64), "we b", "{user:U1}"} {
		if _, err := s.Golden(t.Context(), "production", name); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v for %q, want that it is no name", err, name)
		}
	}
}

func TestGoingBackTwiceGoesFurther(t *testing.T) {
	at := func(revision, restores int64, image string) Golden {
		return Golden{Image: fleet.ImageID(image), Revision: revision, Restores: restores}
	}
	for _, c := range []struct {
		name    string
		history []Golden
		want    string
	}{
		{"none", nil, ""},
		{"only one", []Golden{at(1, 0, "a")}, ""},
		{"two", []Golden{at(2, 0, "b"), at(1, 0, "a")}, "a"},
		{"the same image twice", []Golden{at(3, 0, "b"), at(2, 0, "b"), at(1, 0, "a")}, "a"},
		{"back once", []Golden{at(4, 2, "b"), at(3, 0, "c"), at(2, 0, "b"), at(1, 0, "a")}, "a"},
		{"back to the first", []Golden{at(3, 1, "a"), at(2, 0, "b"), at(1, 0, "a")}, ""},
		{"back, then promoted", []Golden{at(4, 0, "d"), at(3, 1, "a"), at(2, 0, "b"), at(1, 0, "a")}, "a"},
	} {
		if got, ok := Previous(c.history); string(got.Image) != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, want %q", c.name, got.Image, c.want)
		}
	}
}

func TestWhatWasGoldenSince(t *testing.T) {
	history := []Golden{golden("c", "", 20), golden("b", "", 10), golden("a", "", 0)}
	for hours, want := range map[int]string{30: "c", 15: "c b", 10: "c b", 9: "c b a"} {
		var got []string
		for _, g := range Since(history, noon.Add(time.Duration(hours)*time.Hour)) {
			got = append(got, string(g.Image))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("since %d h: got %v, want %s", hours, got, want)
		}
	}
}
