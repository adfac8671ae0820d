package inbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Handle does what an item asks for. An error leaves the item to be handled again, by whoever takes it.
type Handle func(context.Context, Item) error

// Run hands items to a number of workers until the context ends, and returns when the last of them is done.
// It also takes over items that another replica has held for too long. A handler is given as much time as
// nobody else takes its item.
func (b *Inbox) Run(ctx context.Context, workers int, handle Handle) error {
	r := &run{Inbox: b, handle: handle, slots: make(chan struct{}, max(workers, 1))}
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context) error{r.read, r.takeOver} {
		loops.Go(func() { r.keep(ctx, loop) })
	}
	loops.Wait()
	r.handling.Wait()
	r.leave(context.WithoutCancel(ctx))
	return nil
}

// run is one Run of an inbox.
type run struct {
	*Inbox
	handle   Handle
	slots    chan struct{}
	handling sync.WaitGroup
}

// keep repeats a loop's round until the context ends, with a pause after one that failed.
func (r *run) keep(ctx context.Context, round func(context.Context) error) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		err := round(ctx)
		if err == nil || ctx.Err() != nil {
			pause = 0
			continue
		}
		pause = min(2*pause+100*time.Millisecond, 5*time.Second)
		r.options.Log.Error("inbox not read", "err", err)
		wait(ctx, pause)
	}
}

// blocking is how long one read waits for something new. It is short, since the end of Run waits for it, and
// items to take over wait for the workers that it keeps free.
const blocking = 250 * time.Millisecond

// read takes new items, as many as there are free workers.
func (r *run) read(ctx context.Context) error {
	free := r.reserve(ctx)
	if free == 0 {
		return nil
	}
	// The read is not cut short when the context ends: what it took would wait for another replica.
	streams, err := r.redis.XReadGroup(context.WithoutCancel(ctx), &redis.XReadGroupArgs{
		Group: group, Consumer: r.options.Consumer, Streams: []string{r.key, ">"},
		Count: int64(free), Block: blocking,
	}).Result()
	var messages []redis.XMessage
	if len(streams) > 0 {
		messages = streams[0].Messages
	}
	r.giveBack(free - len(messages))
	for _, m := range messages {
		r.start(ctx, itemOf(m, 1))
	}
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return r.healed(ctx, err)
}

// takeOver takes items that somebody holds for too long: that replica is dead, or its handler failed.
func (r *run) takeOver(ctx context.Context) error {
	if !wait(ctx, r.options.Idle/3) {
		return nil
	}
	free := r.reserve(ctx)
	if free == 0 {
		return nil
	}
	messages, _, err := r.redis.XAutoClaim(context.WithoutCancel(ctx), &redis.XAutoClaimArgs{
		Stream: r.key, Group: group, Consumer: r.options.Consumer,
		MinIdle: r.options.Idle, Start: "0-0", Count: int64(free),
	}).Result()
	r.giveBack(free - len(messages))
	for _, m := range messages {
		tries, bad := r.tries(ctx, m.ID)
		if bad != nil {
			err = errors.Join(err, bad)
		}
		r.start(ctx, itemOf(m, tries))
	}
	return errors.Join(r.healed(ctx, err), r.bury(ctx))
}

// reserve takes all free workers, and waits until there is at least one.
func (r *run) reserve(ctx context.Context) int {
	select {
	case <-ctx.Done():
		return 0
	case r.slots <- struct{}{}:
	}
	for n := 1; ; n++ {
		select {
		case r.slots <- struct{}{}:
		default:
			return n
		}
	}
}

func (r *run) giveBack(n int) {
	for range n {
		<-r.slots
	}
}

// start hands an item to a worker that was reserved for it.
func (r *run) start(ctx context.Context, it Item) {
	r.handling.Go(func() {
		defer r.giveBack(1)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.options.Idle*3/4)
		defer cancel()
		log := r.options.Log.With("key", it.Key, "kind", it.Kind, "tries", it.Tries)
		err := r.try(ctx, it)
		if err == nil {
			if err = r.done(it); err != nil {
				log.Error("item handled and not ticked off, it comes again", "err", err)
			}
			return
		}
		if it.Tries < r.options.Tries {
			log.Warn("item not handled, it comes again", "err", err)
			return
		}
		log.Error("item parked", "err", err)
		if err := r.setAside(it, err); err != nil {
			log.Error("item not parked", "err", err)
		}
	})
}

// try runs the handler. A panic is an error like any other.
func (r *run) try(ctx context.Context, it Item) (err error) {
	if it.Tries > r.options.Tries {
		return fmt.Errorf("handed out %d times, and nobody ever came back", it.Tries-1)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.handle(ctx, it)
}

// writing is how long the end of an item may take to be written down.
const writing = 3 * time.Second

func (r *run) done(it Item) error {
	ctx, cancel := context.WithTimeout(context.Background(), writing)
	defer cancel()
	_, err := r.redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.XAck(ctx, r.key, group, it.ID)
		p.XDel(ctx, r.key, it.ID)
		return nil
	})
	return err
}

func (r *run) setAside(it Item, why error) error {
	ctx, cancel := context.WithTimeout(context.Background(), writing)
	defer cancel()
	return r.park.Run(ctx, r.redis, []string{r.key, r.key + ":parked"},
		group, it.ID, it.Key, it.Kind, it.Body, why.Error()).Err()
}

// tries is how often an item was handed out.
func (r *run) tries(ctx context.Context, id string) (int, error) {
	pending, err := r.redis.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: r.key, Group: group, Start: id, End: id, Count: 1,
	}).Result()
	if err != nil || len(pending) == 0 {
		return 1, err
	}
	return int(pending[0].RetryCount), nil
}

// healed makes the group where there is none yet: at the first start, or after Redis lost it.
func (r *run) healed(ctx context.Context, err error) error {
	reply, ok := errors.AsType[redis.Error](err)
	if !ok || !strings.HasPrefix(reply.Error(), "NOGROUP") {
		return err
	}
	err = r.redis.XGroupCreateMkStream(ctx, r.key, group, "0").Err()
	if reply, ok := errors.AsType[redis.Error](err); ok && strings.HasPrefix(reply.Error(), "BUSYGROUP") {
		return nil
	}
	return err
}

// gone is how long a consumer is silent before it is taken for dead, in units of Idle.
const gone = 40

// bury deletes the names of replicas that are gone for good.
func (r *run) bury(ctx context.Context) error {
	consumers, err := r.redis.XInfoConsumers(ctx, r.key, group).Result()
	if err != nil {
		return r.healed(ctx, err)
	}
	for _, c := range consumers {
		if c.Name == r.options.Consumer || c.Pending > 0 || c.Idle < gone*r.options.Idle {
			continue
		}
		if err := r.forget.Run(ctx, r.redis, []string{r.key}, group, c.Name).Err(); err != nil {
			return fmt.Errorf("forget consumer %s: %w", c.Name, err)
		}
	}
	return nil
}

// leave deletes this replica's own name, if it leaves nothing behind.
func (r *run) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writing)
	defer cancel()
	err := r.forget.Run(ctx, r.redis, []string{r.key}, group, r.options.Consumer).Err()
	if err != nil && !strings.Contains(err.Error(), "NOGROUP") {
		r.options.Log.Warn("consumer not deleted", "err", err)
	}
}

func itemOf(m redis.XMessage, tries int) Item {
	field := func(name string) string { s, _ := m.Values[name].(string); return s }
	it := Item{ID: m.ID, Key: field("key"), Kind: field("kind"), Body: []byte(field("body")), Tries: tries}
	var ms, n int64
	if _, err := fmt.Sscanf(m.ID, "%d-%d", &ms, &n); err == nil {
		it.Added = time.UnixMilli(ms).UTC()
	}
	return it
}

// wait waits, unless the context ends first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
