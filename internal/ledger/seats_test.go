package ledger_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
	"github.com/amiral-ops/amiral/internal/quorum"
)

// seating is a script that seats whom it is given: ARGV 3 is JSON with places and people.
func seating(t *testing.T) *redis.Script {
	t.Helper()
	text := audit.Script
	for _, name := range []string{"shared", "seats"} {
		b, err := os.ReadFile("lua/" + name + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	return redis.NewScript(text + `
local given = cjson.decode(ARGV[3])
local seats, taken = fill(given.places, given.people)
for i, place in ipairs(seats) do
  for k, p in ipairs(place) do place[k] = p - 1 end
  seats[i] = table.concat(place, ' ')
end
return {taken, seats}`)
}

// TestTheScriptSeatsAsPackageQuorumDoes compares the two, and both with trying everything.
func TestTheScriptSeatsAsPackageQuorumDoes(t *testing.T) {
	t.Parallel()
	script := seating(t)
	ledgertest.Each(t, func(t *testing.T, s *ledgertest.Server) {
		rapid.Check(t, func(rt *rapid.T) {
			type place struct {
				Min int `json:"min"`
			}
			type voter struct {
				Fills string `json:"fills"`
			}
			places := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 4).Draw(rt, "places")
			people := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.IntRange(0, len(places)), 0, 4, rapid.ID[int]), 1, 7).Draw(rt, "people")
			var given struct {
				Places []place `json:"places"`
				People []voter `json:"people"`
			}
			for _, n := range places {
				given.Places = append(given.Places, place{n})
			}
			for _, fills := range people {
				given.People = append(given.People, voter{fmt.Sprint(fills)})
			}
			body, err := json.Marshal(given)
			if err != nil {
				rt.Fatal(err)
			}
			keys := []string{"{x}:due", "{x}:draw", "{x}:open", "{x}:recent", "{x}:audit"}
			got, err := script.Run(t.Context(), s.Redis(), keys, "{x}:", 1, body).Slice()
			if err != nil {
				rt.Fatal(err)
			}
			want := quorum.Fill(places, people)
			var seats []string
			for _, seated := range want {
				text := fmt.Sprint(seated)
				seats = append(seats, text[1:len(text)-1])
			}
			if fmt.Sprint(got) != fmt.Sprint([]any{want.Taken(), seats}) {
				rt.Fatalf("got %v, want %d %v", got, want.Taken(), seats)
			}
			if most := most(slices.Clone(places), people); most != want.Taken() {
				rt.Fatalf("%d sit, %d could", want.Taken(), most)
			}
		})
	})
}

// most is how many people can sit, found by trying everything.
func most(places []int, people [][]int) int {
	if len(people) == 0 {
		return 0
	}
	best := most(places, people[1:])
	for i := range places {
		if places[i] > 0 && slices.Contains(people[0], i) {
			places[i]--
			best = max(best, 1+most(places, people[1:]))
			places[i]++
		}
	}
	return best
}

func TestMissingIsWhatNobodyFills(t *testing.T) {
	t.Parallel()
	needs := []ledger.Need{{Groups: []string{"sre"}, Min: 2}, {Groups: []string{"owners", "leads"}, Min: 1}}
	rec := ledger.Record{Proposal: ledger.Proposal{Rule: ledger.Rule{Needs: needs}}, Votes: []ledger.Vote{
		{Actor: person("U1"), Choice: "approve", Fills: []int{0}, Narrow: true},
		{Actor: person("U2"), Choice: "deny", Fills: []int{0, 1}},
		{Actor: person("U3"), Choice: "approve", Fills: []int{0, 1}},
		{Actor: person("U4"), Choice: "approve"},
	}}
	if got := fmt.Sprint(rec.Approvals(), rec.Seats(), rec.Missing()); got != "2 [[0 2] []] [{[owners leads] 1}]" {
		t.Errorf("got %s", got)
	}
	if got := rec.Approvers()[2].Actor.User; got != "U1" {
		t.Errorf("the narrow approval is not last: got %s", got)
	}
	if got := fmt.Sprint(ledger.Record{}.Missing(), ledger.Record{}.Approvals()); got != "[] 0" {
		t.Errorf("without needs: got %s", got)
	}
}
