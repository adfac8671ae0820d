// Package crashtest lets a replica die or freeze at any point where it touches something outside of itself:
// before a command to Redis or after it, before a call to a cloud or after it. Nothing here knows what the
// replica does. A dead process has no effect any more; a frozen one goes on later as if no time had passed.
package crashtest

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/redis/go-redis/v9"
)

// ErrDead is what everything returns to a process that died. It is a cancellation, so that nobody tries again.
var ErrDead = fmt.Errorf("the process is dead: %w", context.Canceled)

// Action is what happens to a process at a point.
type Action int

// The actions.
const (
	Go Action = iota
	Die
	Freeze
)

// Decide says what happens at the n-th point (from 1).
type Decide func(n int, name string) Action

// Never lets a process live.
func Never(int, string) Action { return Go }

// DieAt lets a process die at one point.
func DieAt(point int) Decide {
	return func(n int, _ string) Action {
		if n == point {
			return Die
		}
		return Go
	}
}

// Process is one life of a replica.
type Process struct {
	decide Decide

	mu     sync.Mutex
	points []string
	dead   bool
	ice    chan struct{} // closed by Thaw; nil while it runs
	frozen chan struct{} // told of each freeze
}

// New starts a process.
func New(decide Decide) *Process {
	return &Process{decide: decide, frozen: make(chan struct{}, 1)}
}

// Do has an effect on the outside, with a point before and a point after it. A process that dies after the
// effect never sees its result.
func (p *Process) Do(name string, effect func() error) error {
	if err := p.point("before " + name); err != nil {
		return err
	}
	err := effect()
	if dead := p.point("after " + name); dead != nil {
		return dead
	}
	return err
}

// point is where something may happen to the process.
func (p *Process) point(name string) error {
	p.mu.Lock()
	if !p.dead && p.ice == nil {
		p.points = append(p.points, name)
		switch p.decide(len(p.points), name) {
		case Die:
			p.dead = true
		case Freeze:
			p.ice = make(chan struct{})
			p.frozen <- struct{}{}
		}
	}
	ice, dead := p.ice, p.dead
	p.mu.Unlock()
	if dead {
		return ErrDead
	}
	if ice != nil {
		<-ice
	}
	return nil
}

// Points are the points it has passed.
func (p *Process) Points() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.points...)
}

// Dead reports whether it died.
func (p *Process) Dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// Frozen receives when the process freezes.
func (p *Process) Frozen() <-chan struct{} { return p.frozen }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ice != nil {
		close(p.ice)
		p.ice = nil
	}
}

// Hook makes every command of a Redis client an effect of the process.
func (p *Process) Hook() redis.Hook { return hook{p} }

type hook struct{ p *Process }

func (h hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := h.p.Do("redis "+cmd.Name(), func() error { return next(ctx, cmd) })
		if err != nil {
			cmd.SetErr(err)
		}
		return err
	}
}

func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := h.p.Do("redis pipeline", func() error { return next(ctx, cmds) })
		if err != nil && h.p.Dead() {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}
