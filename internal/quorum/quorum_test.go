package quorum_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/amiral-ops/amiral/internal/quorum"
)

func TestFill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		places []int
		people [][]int
		want   string
		full   bool
	}{
		{"nobody asks", nil, nil, "[]", true},
		{"nobody came", []int{1}, nil, "[[]]", false},
		{"one in two groups takes one seat", []int{1, 1}, [][]int{{0, 1}}, "[[0] []]", false},
		{"who came first moves over", []int{1, 1}, [][]int{{0, 1}, {0}}, "[[1] [0]]", true},
		{"two moves to seat a third", []int{1, 1, 1}, [][]int{{0, 1}, {1, 2}, {0}}, "[[2] [0] [1]]", true},
		{"no seat left", []int{1}, [][]int{{0}, {0}}, "[[0]]", true},
		{"places of two", []int{2, 1}, [][]int{{0, 1}, {0}, {0}}, "[[2 1] [0]]", true},
		{"somebody who may sit nowhere", []int{1}, [][]int{{}, {7}, {-1}}, "[[]]", false},
		{"twice the same place", []int{2}, [][]int{{0, 0}}, "[[0]]", false},
	} {
		got := quorum.Fill(c.places, c.people)
		if fmt.Sprint(got) != c.want || got.Full(c.places) != c.full {
			t.Errorf("%s: got %v (%t), want %s (%t)", c.name, got, got.Full(c.places), c.want, c.full)
		}
	}
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

// TestFillSeatsAsManyAsCanSit compares with trying everything, and looks at what a seating must be.
func TestFillSeatsAsManyAsCanSit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		places := rapid.SliceOfN(rapid.IntRange(1, 3), 0, 4).Draw(rt, "places")
		people := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 0, 4, rapid.ID[int]), 0, 6).Draw(rt, "people")
		seats := quorum.Fill(places, people)
		if got, want := seats.Taken(), most(slices.Clone(places), people); got != want {
			rt.Fatalf("got %d seated (%v), want %d", got, seats, want)
		}
		sat := map[int]bool{}
		for place, seated := range seats {
			if len(seated) > places[place] {
				rt.Fatalf("place %d is for %d, and %v sit there", place, places[place], seated)
			}
			for _, p := range seated {
				if sat[p] || !slices.Contains(people[p], place) {
					rt.Fatalf("%d sits twice, or where they may not: %v", p, seats)
				}
				sat[p] = true
			}
		}
		// Who comes later unseats nobody.
		if n := len(people); n > 0 {
			for _, seated := range quorum.Fill(places, people[:n-1]) {
				for _, p := range seated {
					if !sat[p] {
						rt.Fatalf("%d lost their seat to %d", p, n-1)
					}
				}
			}
		}
	})
}
