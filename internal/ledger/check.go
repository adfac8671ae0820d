package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Finding is what there is to say about a Redis before trusting it with operations.
type Finding struct {
	Refuse bool   // do not start
	Text   string // a sentence
}

// Check looks at how a Redis keeps what it is given. An error means that it did not answer at all.
func Check(ctx context.Context, client redis.UniversalClient) ([]Finding, error) {
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("ask redis: %w", err)
	}
	if f, ok := checkMemory(ctx, client); !ok {
		return []Finding{f}, nil
	} else if f.Refuse {
		return []Finding{f}, nil
	}
	if f, bad := checkPersistence(ctx, client); bad {
		return []Finding{f}, nil
	}
	return nil, nil
}

// checkMemory refuses a Redis that may throw keys away. Not ok: it does not say.
func checkMemory(ctx context.Context, client redis.UniversalClient) (Finding, bool) {
	info, err := client.Info(ctx, "memory").Result()
	policy, ok := infoField(info, "maxmemory_policy")
	if err != nil || !ok {
		return Finding{Text: "This Redis does not tell whether it may evict keys, nor whether it writes to disk (INFO is not available). " +
			"See to it that maxmemory-policy is noeviction and that it persists."}, false
	}
	if policy != "noeviction" {
		return Finding{Refuse: true, Text: fmt.Sprintf("This Redis may evict keys (maxmemory-policy %s), and so lose approved operations. "+
			"Set maxmemory-policy noeviction.", policy)}, true
	}
	return Finding{}, true
}

// checkPersistence warns when a restart of Redis forgets.
func checkPersistence(ctx context.Context, client redis.UniversalClient) (Finding, bool) {
	info, err := client.Info(ctx, "persistence").Result()
	aof, ok := infoField(info, "aof_enabled")
	switch {
	case err != nil || !ok:
		return Finding{Text: "This Redis does not tell whether it writes to disk (INFO persistence is not available)."}, true
	case aof != "1":
		return Finding{Text: "This Redis keeps no append-only file: what was decided since its last snapshot is lost when it stops. Set appendonly yes."}, true
	}
	return Finding{}, false
}

// infoField reads one line of INFO.
func infoField(info, name string) (string, bool) {
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return v, true
		}
	}
	return "", false
}
