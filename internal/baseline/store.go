package baseline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// mostStored is how large a manifest may be in Redis, in bytes of gzip.
const mostStored = 1 << 20

// Store keeps the manifests of images, each under {prefix}:baseline:environment/image as JSON in gzip, and for good:
// they outlive the machine, and are small. What is captured while there is no image yet is kept aside under
// {prefix}:baseline-draft:name, and forgotten after a month.
type Store struct {
	redis  redis.UniversalClient
	prefix string
}

// NewStore returns the store of a prefix such as "amiral". Its keys carry the same hash tag as the ledger's.
func NewStore(client redis.UniversalClient, prefix string) *Store {
	return &Store{redis: client, prefix: "{" + prefix + "}:baseline"}
}

func (s *Store) key(environment string, image fleet.ImageID) string {
	return s.prefix + ":" + environment + "/" + string(image)
}

// Put keeps the manifest of its image. Putting it twice is harmless.
func (s *Store) Put(ctx context.Context, environment string, m Manifest) error {
	if m.Image == "" {
		return errors.New("put a manifest of no image")
	}
	return s.write(ctx, s.key(environment, m.Image), m, 0)
}

// Get reads the manifest of an image. The fault NotFound says why there is none.
func (s *Store) Get(ctx context.Context, environment string, image fleet.ImageID) (Manifest, error) {
	m, found, err := s.read(ctx, s.key(environment, image))
	if err != nil {
		return m, err
	}
	if !found {
		return m, fault.New(fault.NotFound, "There is no manifest of %s, because it was not baked by amiral.", image).
			WithHint("`/ami bake` captures one.")
	}
	return m, nil
}

// draftFor is how long a draft is kept. By then the bake that it belongs to has long ended.
const draftFor = 30 * 24 * time.Hour

// Keep puts aside what was captured before there was an image. Doing so twice is harmless.
func (s *Store) Keep(ctx context.Context, name string, m Manifest) error {
	return s.write(ctx, s.prefix+"-draft:"+name, m, draftFor)
}

// Kept reads what was put aside; the zero Manifest when there is nothing.
func (s *Store) Kept(ctx context.Context, name string) (Manifest, error) {
	m, _, err := s.read(ctx, s.prefix+"-draft:"+name)
	return m, err
}

func (s *Store) write(ctx context.Context, key string, m Manifest, kept time.Duration) error {
	body, err := pack(m)
	if err != nil {
		return fmt.Errorf("write manifest of %s: %w", m.Image, err)
	}
	if len(body) > mostStored {
		return fault.New(fault.Invalid, "The manifest of %s is too large to keep: %d bytes.", m.Image, len(body))
	}
	if err := s.redis.Set(ctx, key, body, kept).Err(); err != nil {
		return fmt.Errorf("put manifest of %s: %w", m.Image, err)
	}
	return nil
}

func (s *Store) read(ctx context.Context, key string) (m Manifest, found bool, err error) {
	body, err := s.redis.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("read manifest: %w", err)
	}
	if m, err = unpacked(body); err != nil {
		return m, false, fmt.Errorf("read manifest %s: %w", key, err)
	}
	return m, true, nil
}

func pack(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(m); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func unpacked(body []byte) (m Manifest, err error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return m, err
	}
	return m, json.NewDecoder(io.LimitReader(z, 64<<20)).Decode(&m)
}
