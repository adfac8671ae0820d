package crashtest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// Sample chooses which of so many cases, counted from 1, are tried: every usual-th, beginning elsewhere at each run,
// so that many runs try all of them. CRASH_EVERY says how far they lie apart instead, 1 being all of them, and
// CRASH_SEED where they begin, which a run tells so that it can be repeated. The -short flag tries a third.
func Sample(t testing.TB, cases, usual int) []int {
	t.Helper()
	step, err := strconv.Atoi(os.Getenv("CRASH_EVERY"))
	if err != nil || step < 1 {
		step = max(usual, 1)
	}
	if testing.Short() {
		step *= 3
	}
	seed, err := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano()/1000) % 1000
	}
	all := pick(cases, step, seed)
	t.Logf("%d of %d cases (CRASH_EVERY=%d CRASH_SEED=%d)", len(all), cases, step, seed)
	return all
}

// pick takes every step-th case from where the seed begins; one at least.
func pick(cases, step int, seed uint64) (all []int) {
	if cases < 1 {
		return nil
	}
	step = min(step, cases)
	for n := 1 + int(seed%uint64(step)); n <= cases; n += step {
		all = append(all, n)
	}
	return all
}
