package crashtest

import (
	"slices"
	"testing"
)

// TestSeedsTryEverythingTogether: each seed takes some, one at least, and as many seeds as the step is long take all.
func TestSeedsTryEverythingTogether(t *testing.T) {
	for cases := range 40 {
		for _, step := range []int{1, 2, 7, 60} {
			var tried []int
			for seed := range uint64(step) {
				some := pick(cases, step, 100*uint64(step)+seed)
				if cases > 0 && len(some) == 0 {
					t.Fatalf("%d cases, every %d, seed %d: nothing is tried", cases, step, seed)
				}
				tried = append(tried, some...)
			}
			slices.Sort(tried)
			if tried = slices.Compact(tried); len(tried) != cases || cases > 0 && (tried[0] != 1 || tried[cases-1] != cases) {
				t.Errorf("%d cases, every %d: got %v", cases, step, tried)
			}
		}
	}
}
