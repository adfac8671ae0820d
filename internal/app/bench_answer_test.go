package app_test

import (
	"strings"
	"testing"
	"time"
)

const rounds = 5

// BenchmarkEnvelope measures, from the sending of an envelope, its acknowledgement (by then it is in the
// durable inbox) and its answer, beside an echo bot that stores nothing. The two bots are processes of their own and
// take turns under the same load; Slack is played by this process.
func BenchmarkEnvelope(b *testing.B) {
	bots := build(b)
	for _, s := range stores(b) {
		b.Run(s.name, func(b *testing.B) {
			amiral, echo := bots.enterAmiral(b, s), bots.enterEcho(b)
			b.Run("200-a-second", func(b *testing.B) {
				us, them := compete(b, amiral, echo, func(c *contestant) (*volley, error) { return c.steady(400, 5*time.Millisecond) })
				show(b, "accept", us.accepted, them.accepted)
				show(b, "answer", us.answered, them.answered)
			})
			b.Run("32-unaccepted", func(b *testing.B) {
				us, them := compete(b, amiral, echo, func(c *contestant) (*volley, error) { return c.windowed(2000, 32, acks) })
				show(b, "accept", us.accepted, them.accepted)
				showRates(b, "accept", us, them)
			})
			b.Run("32-unanswered", func(b *testing.B) {
				us, them := compete(b, amiral, echo, func(c *contestant) (*volley, error) { return c.windowed(2000, 32, answers) })
				show(b, "answer", us.answered, them.answered)
				showRates(b, "answer", us, them)
			})
		})
	}
}

// compete lets two bots take turns, after a round each that does not count.
func compete(b *testing.B, amiral, echo *contestant, round func(*contestant) (*volley, error)) (us, them record) {
	b.Helper()
	for b.Loop() {
		us, them = record{}, record{}
		for i := range rounds + 1 {
			for _, c := range []*contestant{amiral, echo} {
				v, err := round(c)
				if err != nil {
					b.Fatal(err)
				}
				switch {
				case i == 0:
				case c == amiral:
					us.add(v)
				default:
					them.add(v)
				}
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, c := range []*contestant{amiral, echo} {
		if n := c.strays.Load(); n > 0 {
			b.Errorf("%d acknowledgements or answers came twice, want none", n)
		}
		if said, _ := c.sample.Load().(string); !strings.Contains(said, "You are") {
			b.Errorf("the bot answered %q, want who somebody is", said)
		}
	}
	return us, them
}

// show tells how long both took, and how many times longer we did.
func show(b *testing.B, what string, us, them []time.Duration) {
	for name, share := range map[string]float64{"p50": .5, "p99": .99} {
		ours, theirs := quantile(us, share), quantile(them, share)
		b.ReportMetric(ours, what+"-"+name+"-ms")
		b.ReportMetric(theirs, "echo-"+what+"-"+name+"-ms")
		b.ReportMetric(ours/theirs, what+"-"+name+"-ratio")
	}
}

// showRates tells how many both did a second, and how many times more the echo did.
func showRates(b *testing.B, what string, us, them record) {
	b.ReportMetric(us.rate(), what+"/s")
	b.ReportMetric(them.rate(), "echo-"+what+"/s")
	b.ReportMetric(them.rate()/us.rate(), what+"-rate-ratio")
}

// BenchmarkMemory measures what both bots hold, at rest and at most under load.
func BenchmarkMemory(b *testing.B) {
	bots := build(b)
	for _, s := range stores(b) {
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				measure(b, "amiral", bots.enterAmiral(b, s))
				measure(b, "echo", bots.enterEcho(b))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measure reports a bot's memory at rest, under 200 envelopes a second, and with 32 of them under way.
func measure(b *testing.B, name string, c *contestant) {
	b.Helper()
	rest(2 * time.Second)
	held, err := c.memory()
	if err != nil {
		b.Skipf("left out: memory cannot be read here: %v", err)
	}
	b.ReportMetric(held, name+"-rest-MB")
	b.ReportMetric(c.most(b, func() (*volley, error) { return c.steady(1000, 5*time.Millisecond) }), name+"-200-a-second-MB")
	b.ReportMetric(c.most(b, func() (*volley, error) { return c.windowed(10000, 32, answers) }), name+"-32-unanswered-MB")
}

// most is the most that the process holds during a load.
func (c *contestant) most(b *testing.B, load func() (*volley, error)) (top float64) {
	b.Helper()
	over := make(chan error, 1)
	go func() { _, err := load(); over <- err }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		held, err := c.memory()
		if err != nil {
			b.Fatal(err)
		}
		top = max(top, held)
		select {
		case err := <-over:
			if err != nil {
				b.Fatal(err)
			}
			return top
		case <-look.C:
		}
	}
}
