package ledger

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/audit"
)

//go:embed lua/*.lua
var lua embed.FS

// Options are the choices of a ledger; the zero value works.
type Options struct {
	Prefix         string        // what every key begins with, as {prefix}; "amiral" if empty
	AuditKey       string        // the stream that is told of every transition; {prefix}:audit if empty
	Replicas       int           // how many replicas must confirm a decision and an end; 0 asks none
	ReplicaTimeout time.Duration // how long to wait for them; 500 ms if zero
	MaxClaims      int           // workers that may vanish at one step before it is stuck; 25 if zero
	Keep           time.Duration // how long an ended operation stays; 90 days if zero
}

// Ledger keeps operations in Redis. It holds nothing itself: any number of ledgers on any number of
// machines may share one Redis.
//
// Give it a client that does not retry by itself (MaxRetries -1): the ledger repeats what may be repeated.
type Ledger struct {
	redis   redis.UniversalClient
	options Options
	tag     string // "{amiral}:"
	keys    []string
	scripts map[string]*redis.Script
}

// New returns the ledger kept in a Redis.
func New(client redis.UniversalClient, o Options) *Ledger {
	o.Prefix = cmp.Or(o.Prefix, "amiral")
	tag := "{" + o.Prefix + "}:"
	o.AuditKey = cmp.Or(o.AuditKey, tag+"audit")
	o.ReplicaTimeout = cmp.Or(o.ReplicaTimeout, 500*time.Millisecond)
	o.MaxClaims = cmp.Or(o.MaxClaims, 25)
	o.Keep = cmp.Or(o.Keep, 90*24*time.Hour)
	return &Ledger{
		redis:   client,
		options: o,
		tag:     tag,
		keys:    []string{tag + "due", tag + "draw", tag + "open", tag + "recent", o.AuditKey},
		scripts: scripts(),
	}
}

// scripts reads the embedded scripts, each behind the audit's chain, the part that all share, and what it includes.
func scripts() map[string]*redis.Script {
	entries, err := lua.ReadDir("lua")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	shared := audit.Script + source("shared.lua")
	all := make(map[string]*redis.Script, len(entries))
	for _, e := range entries {
		all[strings.TrimSuffix(e.Name(), ".lua")] = redis.NewScript(shared + included(e.Name()) + source(e.Name()))
	}
	return all
}

// included is what a script asks for by lines like "-- include seats".
func included(name string) string {
	var b strings.Builder
	for line := range strings.Lines(file(name)) {
		if part, ok := strings.CutPrefix(strings.TrimSpace(line), "-- include "); ok {
			b.WriteString(source(part + ".lua"))
		}
	}
	return b.String()
}

// file is an embedded script.
func file(name string) string {
	text, err := lua.ReadFile("lua/" + name)
	if err != nil {
		panic(err) // the files are part of the binary
	}
	return string(text)
}

// source is an embedded script without its comments: the server parses it on every call.
func source(name string) string {
	var b strings.Builder
	for line := range strings.Lines(file(name)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// call is one run of a script.
type call struct {
	script   string
	args     []any
	harmless bool // running it twice changes nothing more
	confirm  bool // replicas are to confirm it
}

// run runs a script and returns its reply. The error is ErrNotReplicated together with the reply when it
// ran and the replicas asked for did not confirm it in time.
func (l *Ledger) run(ctx context.Context, c call) (any, error) {
	args := append([]any{l.tag, l.options.Keep.Milliseconds()}, c.args...)
	for attempt := 0; ; attempt++ {
		reply, err := l.once(ctx, c, args)
		if err == nil || errors.Is(err, ErrNotReplicated) || errors.Is(err, redis.Nil) {
			return reply, err
		}
		if refusal := refusalOf(err); refusal != nil {
			return nil, refusal
		}
		if attempt >= 3 || !again(err, c.harmless) || !pause(ctx, time.Duration(20<<(2*attempt))*time.Millisecond) {
			return nil, fmt.Errorf("%s: %w", c.script, err)
		}
	}
}

func (l *Ledger) once(ctx context.Context, c call, args []any) (any, error) {
	script := l.scripts[c.script]
	if !c.confirm || l.options.Replicas == 0 {
		return script.Run(ctx, l.redis, l.keys, args...).Result()
	}
	return l.confirmed(ctx, script, args)
}

// confirmed runs a script and waits for the replicas, both on one connection: WAIT is about the writes of
// the connection that asks.
func (l *Ledger) confirmed(ctx context.Context, script *redis.Script, args []any) (any, error) {
	node, err := l.node(ctx)
	if err != nil {
		return nil, err
	}
	if err := script.Load(ctx, node).Err(); err != nil {
		return nil, err
	}
	pipe := node.Pipeline()
	reply := script.EvalSha(ctx, pipe, l.keys, args...)
	wait := pipe.Do(ctx, "WAIT", l.options.Replicas, l.options.ReplicaTimeout.Milliseconds())
	_, _ = pipe.Exec(ctx) // each command holds its own error
	if err := reply.Err(); err != nil {
		return nil, err
	}
	if n, err := wait.Int64(); err != nil || n < int64(l.options.Replicas) {
		return reply.Val(), ErrNotReplicated
	}
	return reply.Val(), nil
}

// node is the one that holds our keys: a pipeline of a cluster client would send WAIT anywhere.
func (l *Ledger) node(ctx context.Context) (redis.Cmdable, error) {
	if c, ok := l.redis.(*redis.ClusterClient); ok {
		return c.MasterForKey(ctx, l.keys[0])
	}
	return l.redis, nil
}

// again reports whether a call that failed may be made again: it never reached a server that runs
// scripts, or running it twice is harmless.
func again(err error, harmless bool) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if reply, ok := errors.AsType[redis.Error](err); ok {
		word, _, _ := strings.Cut(reply.Error(), " ")
		return word == "LOADING" || word == "READONLY" || word == "MASTERDOWN"
	}
	return harmless
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
