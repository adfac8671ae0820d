package fleet

import (
	"context"
	"sync/atomic"
)

// Calls counts calls to AWS.
type Calls struct{ n atomic.Int64 }

type callsKey struct{}

// Counting returns a context within which calls to AWS are counted, and the count.
func Counting(ctx context.Context) (context.Context, *Calls) {
	c := &Calls{}
	return context.WithValue(ctx, callsKey{}, c), c
}

// Called counts one call within ctx, if calls are counted there.
func Called(ctx context.Context) {
	if c, ok := ctx.Value(callsKey{}).(*Calls); ok {
		c.n.Add(1)
	}
}

// Count is how many calls were made so far.
func (c *Calls) Count() int { return int(c.n.Load()) }
