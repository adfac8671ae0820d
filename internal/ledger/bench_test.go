package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/ledger/ledgertest"
)

// BenchmarkDecide is a request with the vote that starts it.
func BenchmarkDecide(b *testing.B) {
	s := ledgertest.Real(b)
	l := ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			decide(b, l)
		}
	})
}

// BenchmarkDecideAmong is the same by one caller while many other requests are open.
func BenchmarkDecideAmong(b *testing.B) {
	for _, open := range []int{10, 10_000} {
		b.Run(fmt.Sprint(open), func(b *testing.B) {
			s := ledgertest.Real(b)
			l := ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix})
			for i := range open {
				p := proposal(fmt.Sprint("open ", i), 1)
				p.Resource = string(p.ID)
				if _, _, err := l.Submit(context.Background(), p); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				decide(b, l)
			}
		})
	}
}

func decide(b *testing.B, l *ledger.Ledger) {
	p := proposal(fmt.Sprint(time.Now().UnixNano()), 1)
	p.Resource = string(p.ID)
	if _, _, err := l.Submit(b.Context(), p); err != nil {
		b.Error(err)
		return
	}
	vote := ledger.Vote{Actor: person("U1"), Choice: "approve", Fills: []int{0}}
	if _, err := l.Vote(b.Context(), p.ID, -1, vote, p.Digest, ledger.VoteOptions{}); err != nil {
		b.Error(err)
	}
}

// BenchmarkTurn is a claim with its checkpoint.
func BenchmarkTurn(b *testing.B) {
	s := ledgertest.Real(b)
	l := ledger.New(s.Redis(), ledger.Options{Prefix: s.Prefix})
	if _, _, err := l.Submit(b.Context(), proposal("web", 0)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		turn, err := l.Claim(b.Context(), "w", lease)
		if err != nil || turn == nil {
			b.Fatal(turn, err)
		}
		if err := l.Checkpoint(b.Context(), turn, ledger.Mark{}); err != nil {
			b.Fatal(err)
		}
	}
}
