package slacksim

import (
	"math"
	"time"
)

// limit is a class of rate limit.
type limit int

const (
	free limit = iota // limited so widely that a bot does not meet it
	tier1
	tier2
	tier3
	tier4
	posting // one message a second in a channel, some hundred a minute in all
)

// bucket holds the requests still allowed.
type bucket struct {
	level float64
	at    time.Time
}

// throttle fails with Retry-After when a call exceeds its method's limit.
func (w *Workspace) throttle(c *call, l limit) error {
	if !w.opt.RateLimits {
		return nil
	}
	if l == posting {
		return w.throttlePosting(c)
	}
	perMinute := map[limit]int{tier1: w.opt.Limits.Tier1, tier2: w.opt.Limits.Tier2, tier3: w.opt.Limits.Tier3, tier4: w.opt.Limits.Tier4}[l]
	if perMinute == 0 {
		return nil
	}
	burst := perMinute
	if w.opt.Limits.Burst > 0 {
		burst = w.opt.Limits.Burst
	}
	return w.draw(c.method, burst, float64(perMinute)/60)
}

func (w *Workspace) throttlePosting(c *call) error {
	if err := w.draw("posting", w.opt.Limits.PostsPerMinute, float64(w.opt.Limits.PostsPerMinute)/60); err != nil {
		return err
	}
	return w.draw("posting:"+c.str("channel"), w.opt.Limits.PostBurst, 1)
}

// draw takes one request from the named bucket.
func (w *Workspace) draw(name string, size int, perSecond float64) error {
	now := w.now()
	b, ok := w.buckets[name]
	if !ok {
		b = &bucket{level: float64(size), at: now}
		w.buckets[name] = b
	}
	b.level = min(float64(size), b.level+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	if b.level < 1 {
		wait := int(math.Ceil((1-b.level)/perSecond - 1e-6)) // sums of fractions are not exact
		return &apiError{code: "ratelimited", retryAfter: max(wait, 1)}
	}
	b.level--
	return nil
}
