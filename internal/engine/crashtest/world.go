package crashtest

import (
	"fmt"
	"slices"
	"sync"
)

// World is the outside as a cloud is: it has an effect once for each client token, and for ever.
type World struct {
	mu      sync.Mutex
	effects map[string]string // what, by token
	asked   int
}

// Do has an effect, unless the token had one already.
func (w *World) Do(what, token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.effects == nil {
		w.effects = map[string]string{}
	}
	w.asked++
	if w.effects[token] == "" {
		w.effects[token] = what
	}
}

// Asked is how often an effect was asked for.
func (w *World) Asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// Wrong lists what happened more or less often than once, of what was to happen.
func (w *World) Wrong(want []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := map[string]int{}
	for _, what := range w.effects {
		times[what]++
	}
	var wrong []string
	for _, what := range want {
		if n := times[what]; n != 1 {
			wrong = append(wrong, fmt.Sprintf("I8 %s happened %d times", what, n))
		}
		delete(times, what)
	}
	for what := range times {
		wrong = append(wrong, fmt.Sprintf("I8 %s happened, and nobody asked for it", what))
	}
	slices.Sort(wrong)
	return wrong
}
