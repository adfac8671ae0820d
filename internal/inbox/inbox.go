// Package inbox holds what was accepted and is not handled yet: a Redis stream with one consumer group. What
// is added before it is acknowledged to the sender survives the death of the process that added it, since any
// replica takes over what a dead one was handling. An item may be handled twice; its handler must make that
// harmless. It knows nothing of Slack.
package inbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed add.lua
var addScript string

//go:embed park.lua
var parkScript string

//go:embed forget.lua
var forgetScript string

// group is the name of the one consumer group.
const group = "workers"

// Item is something accepted.
type Item struct {
	ID    string // the stream's
	Key   string // the same for every delivery of the same thing
	Kind  string
	Body  []byte
	Added time.Time
	Tries int // how often it was given to a handler, this time included
}

// Options are the choices of an inbox; the zero value works.
type Options struct {
	Prefix   string        // what every key begins with, as {prefix}; "amiral" if empty
	Consumer string        // this replica's name, unique among the living; made up if empty
	Remember time.Duration // how long a key is known as seen; 15 min if zero
	Idle     time.Duration // how long an item is held before another replica may take it; 15 s if zero
	Tries    int           // how often an item is handled before it is parked; 5 if zero
	Log      *slog.Logger
}

// Inbox is the stream.
type Inbox struct {
	redis   redis.UniversalClient
	options Options
	key     string // "{amiral}:inbox"

	add, park, forget *redis.Script
}

// New returns the inbox kept in a Redis.
func New(client redis.UniversalClient, o Options) *Inbox {
	o.Prefix = cmp.Or(o.Prefix, "amiral")
	o.Consumer = cmp.Or(o.Consumer, newConsumer())
	o.Remember = cmp.Or(o.Remember, 15*time.Minute)
	o.Idle = cmp.Or(o.Idle, 15*time.Second)
	o.Tries = cmp.Or(o.Tries, 5)
	o.Log = cmp.Or(o.Log, slog.Default())
	return &Inbox{
		redis: client, options: o, key: "{" + o.Prefix + "}:inbox",
		add: redis.NewScript(addScript), park: redis.NewScript(parkScript), forget: redis.NewScript(forgetScript),
	}
}

// newConsumer is a name that no other process has.
func newConsumer() string {
	host, err := os.Hostname()
	if err != nil {
		host = "replica"
	}
	return fmt.Sprintf("%s-%s", host, rand.Text()[:8])
}

// Add stores an item. A key that was added not long ago is not stored again, and fresh is false: the item is
// or was in good hands. A lost reply is asked for once more; an item that was stored then is not fresh.
func (b *Inbox) Add(ctx context.Context, key, kind string, body []byte) (fresh bool, err error) {
	sum := sha256.Sum256([]byte(key))
	seen := b.key + ":seen:" + hex.EncodeToString(sum[:16])
	add := func() (int, error) {
		return b.add.Run(ctx, b.redis, []string{b.key, seen}, b.options.Remember.Milliseconds(), key, kind, body).Int()
	}
	n, err := add()
	if _, replied := errors.AsType[redis.Error](err); err != nil && !replied && ctx.Err() == nil {
		n, err = add()
	}
	if err != nil {
		return false, fmt.Errorf("add to inbox: %w", err)
	}
	return n == 1, nil
}

// Waiting is how many items are accepted and not handled yet, and how many were parked.
func (b *Inbox) Waiting(ctx context.Context) (waiting, parked int64, err error) {
	if waiting, err = b.redis.XLen(ctx, b.key).Result(); err != nil {
		return 0, 0, fmt.Errorf("length of inbox: %w", err)
	}
	if parked, err = b.redis.XLen(ctx, b.key+":parked").Result(); err != nil {
		return 0, 0, fmt.Errorf("length of parked items: %w", err)
	}
	return waiting, parked, nil
}
