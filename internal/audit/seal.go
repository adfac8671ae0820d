package audit

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/fault"
)

//go:embed seal.lua
var sealScript string

// The kinds of the audit's own entries.
const (
	kindSeal    = "seal"
	kindTrimmed = "trimmed"
)

// pageSize is how many entries are read at once where all are read.
const pageSize = 500

// Head is the end of the chain at some moment. Kept elsewhere, it proves later that nothing up to it was
// changed or cut off.
type Head struct {
	N    int64
	Hash string
}

// String is the head as it is logged and given to verify: "1042:9f3c…".
func (h Head) String() string {
	if h.N == 0 {
		return h.Hash
	}
	return strconv.FormatInt(h.N, 10) + ":" + h.Hash
}

// ParseHead reads what String wrote, or a hash alone.
func ParseHead(s string) (Head, error) {
	number, hash, both := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	if !both {
		number, hash = "0", number
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if raw, bad := hex.DecodeString(hash); err != nil || n < 0 || bad != nil || len(raw) != 20 {
		return Head{}, fault.New(fault.Invalid, "%q is not the head of an audit.", s).
			WithHint("It looks like 1042:9f3c… as the bot logs it; the hash alone will do.")
	}
	return Head{N: n, Hash: hash}, nil
}

// Head is the end of the chain now; the zero head of an empty one.
func (l *Log) Head(ctx context.Context) (Head, error) {
	values, err := l.redis.HMGet(ctx, l.key+":head", "n", "hash").Result()
	if err != nil {
		return Head{}, fmt.Errorf("read the audit's head: %w", err)
	}
	return headOf(values), nil
}

func headOf(values []any) Head {
	n, _ := values[0].(string)
	hash, _ := values[1].(string)
	number, _ := strconv.ParseInt(n, 10, 64)
	return Head{N: number, Hash: hash}
}

// sealed is how far the audit is sealed.
type sealed struct {
	n    string // number of the last entry that is; empty: none
	id   string // its id
	seal string // the seal's own sum
}

// Seal writes a seal over all that has come since the last one, and returns the head. Where nothing has, it
// writes nothing. Any number of replicas may seal at any time: one of those at the same moment does.
func (l *Log) Seal(ctx context.Context) (Head, error) {
	from, err := l.sealed(ctx)
	if err != nil {
		return Head{}, err
	}
	s := newSealing(from.seal)
	to := from.id
	for {
		entries, err := l.page(ctx, to, pageSize)
		if err != nil {
			return Head{}, err
		}
		for _, m := range entries {
			s.add(entryOf(m))
			to = m.ID
		}
		if len(entries) < pageSize {
			break
		}
	}
	if !s.worth {
		return l.Head(ctx)
	}
	return l.write(ctx, from, to, s)
}

func (l *Log) write(ctx context.Context, from sealed, to string, s *sealing) (Head, error) {
	sum := s.sum()
	fields, err := json.Marshal(map[string]string{
		"from": strconv.FormatInt(s.first, 10), "to": strconv.FormatInt(s.last, 10), "prev": from.seal, "sha256": sum,
	})
	if err != nil {
		return Head{}, fmt.Errorf("write a seal: %w", err)
	}
	reply, err := l.seal.Run(ctx, l.redis, []string{l.key}, from.n, s.last, to, sum, fields).StringSlice()
	if errors.Is(err, redis.Nil) {
		return l.Head(ctx) // another replica has sealed
	}
	if err != nil || len(reply) != 3 {
		return Head{}, fmt.Errorf("seal the audit: %w", err)
	}
	return headOf([]any{reply[1], reply[2]}), nil
}

// sealed reads how far the audit is sealed: at its head, or, if that was lost, in the last seal of the stream.
func (l *Log) sealed(ctx context.Context) (sealed, error) {
	values, err := l.redis.HMGet(ctx, l.key+":head", "sealed", "sealed_id", "seal").Result()
	if err != nil {
		return sealed{}, fmt.Errorf("read the audit's head: %w", err)
	}
	var s sealed
	for i, into := range []*string{&s.n, &s.id, &s.seal} {
		*into, _ = values[i].(string)
	}
	if s.n != "" {
		return s, nil
	}
	last, err := l.lastSeal(ctx, "+")
	if err != nil || last == nil {
		return s, err
	}
	// The head has lost its state; the compare in the script is with what it has.
	return l.behindSeal(ctx, last)
}

// lastSeal is the last seal at or before an id; nil if there is none.
func (l *Log) lastSeal(ctx context.Context, from string) (entry, error) {
	for {
		page, err := l.redis.XRevRangeN(ctx, l.key, from, "-", pageSize).Result()
		if err != nil {
			return nil, fmt.Errorf("look for the last seal: %w", err)
		}
		for _, m := range page {
			if e := entryOf(m); e["kind"] == kindSeal && e.n() > 0 {
				return e, nil
			}
			from = "(" + m.ID
		}
		if len(page) < pageSize {
			return nil, nil
		}
	}
}

// behindSeal is where the entries begin that a seal did not cover.
func (l *Log) behindSeal(ctx context.Context, seal entry) (sealed, error) {
	f, err := seal.sealed()
	if err != nil {
		return sealed{}, err
	}
	s, before := sealed{seal: f.sum}, seal["id"]
	for {
		page, err := l.redis.XRevRangeN(ctx, l.key, "("+before, "-", pageSize).Result()
		if err != nil {
			return sealed{}, fmt.Errorf("look for what the last seal covers: %w", err)
		}
		for _, m := range page {
			if before = m.ID; entryOf(m).n() <= f.to {
				s.id = m.ID
				return s, nil
			}
		}
		if len(page) < pageSize {
			return s, nil
		}
	}
}

// sealing makes one seal from the entries that it is to cover.
type sealing struct {
	hash        hash.Hash // SHA-256 over the seal before and the SHA-256 of each entry since
	first, last int64
	worth       bool // there is something but seals
}

func newSealing(prev string) *sealing {
	h := sha256.New()
	_, _ = h.Write([]byte(prev)) // a hash takes everything
	return &sealing{hash: h}
}

// add covers an entry. What is not in the chain is not covered: it came before there was one, or by hand.
func (s *sealing) add(e entry) {
	n := e.n()
	if n == 0 {
		return
	}
	if s.first == 0 {
		s.first = n
	}
	s.last, s.worth = n, s.worth || e["kind"] != kindSeal
	sum := e.sum256()
	_, _ = s.hash.Write(sum[:]) // a hash takes everything
}

func (s *sealing) sum() string { return hex.EncodeToString(s.hash.Sum(nil)) }
