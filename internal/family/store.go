package family

import (
	"context"
	_ "embed" // the script
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

//go:embed point.lua
var pointScript string

// remembered is how many golden images of a family are kept.
const remembered = 200

// Store keeps the golden images.
type Store struct {
	redis redis.UniversalClient
	tag   string // "{amiral}:"
	point *redis.Script
}

// NewStore returns the store of a prefix such as "amiral". Its keys carry the same hash tag as the ledger's.
func NewStore(client redis.UniversalClient, prefix string) *Store {
	return &Store{redis: client, tag: "{" + prefix + "}:", point: redis.NewScript(pointScript)}
}

func (s *Store) all() string { return s.tag + "families" }

func (s *Store) past(environment, family string) string {
	return s.tag + "family:" + field(environment, family)
}

// field names a family among all: its name holds no slash.
func field(environment, family string) string { return environment + "/" + family }

// Golden is the golden image of a family.
func (s *Store) Golden(ctx context.Context, environment, family string) (Golden, error) {
	if err := Check(family); err != nil {
		return Golden{}, err
	}
	body, err := s.redis.HGet(ctx, s.all(), field(environment, family)).Result()
	if errors.Is(err, redis.Nil) {
		return Golden{}, none(environment, family)
	}
	if err != nil {
		return Golden{}, fmt.Errorf("read the golden image of %s in %s: %w", family, environment, err)
	}
	return read(body)
}

// none is the fault for a family that has no golden image.
func none(environment, family string) error {
	return fault.New(fault.NotFound, "The family %s has no golden image in %s.", family, environment).
		WithHint("`/ami promote <image> --family %s` makes one golden; `/ami list %s` shows the family's images.", family, family)
}

// All are the golden images of every family of an environment, by the families' names; of every environment when
// none is named.
func (s *Store) All(ctx context.Context, environment string) ([]Golden, error) {
	bodies, err := s.redis.HVals(ctx, s.all()).Result()
	if err != nil {
		return nil, fmt.Errorf("read the golden images: %w", err)
	}
	var all []Golden
	for _, body := range bodies {
		g, err := read(body)
		if err != nil {
			return nil, err
		}
		if environment == "" || g.Environment == environment {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b Golden) int {
		return strings.Compare(field(a.Environment, a.Family), field(b.Environment, b.Family))
	})
	return all, nil
}

// History are the last n golden images of a family, the present one first; none when it never had one.
func (s *Store) History(ctx context.Context, environment, family string, n int) ([]Golden, error) {
	if err := Check(family); err != nil || n <= 0 {
		return nil, err
	}
	bodies, err := s.redis.LRange(ctx, s.past(environment, family), 0, int64(n-1)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the history of family %s in %s: %w", family, environment, err)
	}
	all := make([]Golden, len(bodies))
	for i, body := range bodies {
		if all[i], err = read(body); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Point makes an image golden. was is the revision of what is golden as whoever decided saw it, 0 for none: if
// another one is golden by now, nothing changes and the fault says which. An operation points once: asked again, it
// is told what it wrote, and nothing changes.
func (s *Store) Point(ctx context.Context, g Golden, was int64) (Golden, error) {
	if err := Check(g.Family); err != nil {
		return Golden{}, err
	}
	g.Revision, g.At = was+1, g.At.UTC()
	body, err := json.Marshal(g)
	if err != nil {
		return Golden{}, fmt.Errorf("write the golden image of %s: %w", g.Family, err)
	}
	keys := []string{s.all(), s.past(g.Environment, g.Family)}
	reply, err := s.point.Run(ctx, s.redis, keys, field(g.Environment, g.Family), was, string(g.Op), body, remembered).StringSlice()
	if err != nil {
		return Golden{}, fmt.Errorf("make %s golden in %s: %w", g.Image, g.Family, err)
	}
	if len(reply) != 2 {
		return Golden{}, fmt.Errorf("make %s golden in %s: a reply of %d parts", g.Image, g.Family, len(reply))
	}
	if reply[0] == "conflict" {
		return Golden{}, moved(g, reply[1])
	}
	return read(reply[1])
}

// moved is the fault for a pointer that somebody else has moved.
func moved(want Golden, present string) error {
	if present == "" {
		return fault.New(fault.Conflict, "The family %s has no golden image any more in %s, so nothing was changed.", want.Family, want.Environment)
	}
	g, err := read(present)
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "Meanwhile %s became the golden image of %s by %s, so nothing was changed.",
		card.Inert(string(g.Image)), want.Family, g.Op).WithHint("Look at `/ami history %s` and decide again.", want.Family)
}

func read(body string) (Golden, error) {
	var g Golden
	if err := json.Unmarshal([]byte(body), &g); err != nil {
		return g, fmt.Errorf("read a golden image: %w", err)
	}
	return g, nil
}
