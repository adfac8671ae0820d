package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
)

// handler is the Run of a command.
type handler = func(context.Context, *Call) (Result, error)

// prompt bounds how long a command that only reads waits for AWS: whoever typed it sees nothing meanwhile.
func (s *Site) prompt(run handler) handler {
	return func(ctx context.Context, c *Call) (Result, error) {
		within, cancel := context.WithTimeout(ctx, cmp.Or(s.Patience, 8*time.Second))
		defer cancel()
		result, err := run(within, c)
		if ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) && slow(err) {
			return Result{}, fmt.Errorf("%w: %w", fault.New(fault.Unavailable,
				"AWS does not answer in time (throttled or slow). Nothing was done.").WithHint("Try again in a minute."), err)
		}
		return result, err
	}
}

// slow reports whether something went wrong that is told to nobody in words of its own.
func slow(err error) bool {
	f, told := fault.As(err)
	return err != nil && (!told || f.Kind == fault.Unavailable)
}

// dry is prompt for a command of which only the plan is wanted. A plan that is proposed may take its time.
func (s *Site) dry(run handler) handler {
	return func(ctx context.Context, c *Call) (Result, error) {
		if c.Words.Bool(dryFlag) {
			return s.prompt(run)(ctx, c)
		}
		return run(ctx, c)
	}
}
