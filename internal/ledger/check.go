package ledger

import (
	"context"
	"fmt"
	"strconv"
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
	var found []Finding
	var silent []string
	for _, look := range []struct {
		section, field string
		judge          func(value string) (Finding, bool)
	}{
		{"server", "redis_version", judgeVersion},
		{"memory", "maxmemory_policy", judgeEviction},
		{"persistence", "aof_enabled", judgePersistence},
	} {
		info, err := client.Info(ctx, look.section).Result()
		value, ok := infoField(info, look.field)
		if err != nil || !ok {
			silent = append(silent, look.field)
			continue
		}
		if f, bad := look.judge(value); bad {
			found = append(found, f)
		}
	}
	if len(silent) > 0 {
		found = append(found, Finding{Text: fmt.Sprintf("This Redis does not tell its %s (INFO is not available). "+
			"See to it that maxmemory-policy is noeviction and that it writes an append-only file.", strings.Join(silent, ", "))})
	}
	return found, nil
}

// judgeVersion refuses what lacks commands that we use, which came with 6.2.
func judgeVersion(version string) (Finding, bool) {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(major)
	if err != nil {
		return Finding{}, false
	}
	b, _ := strconv.Atoi(minor) // none is zero
	return Finding{Refuse: true, Text: fmt.Sprintf("This Redis is %s; it must be 6.2 or newer.", version)}, a < 6 || (a == 6 && b < 2)
}

// judgeEviction refuses a Redis that may throw keys away.
func judgeEviction(policy string) (Finding, bool) {
	return Finding{Refuse: true, Text: fmt.Sprintf("This Redis may evict keys (maxmemory-policy %s), and so lose approved operations. "+
		"Set maxmemory-policy noeviction.", policy)}, policy != "noeviction"
}

// judgePersistence warns when a restart of Redis forgets.
func judgePersistence(aof string) (Finding, bool) {
	return Finding{Text: "This Redis keeps no append-only file: what was decided since its last snapshot is lost when it stops. " +
		"Set appendonly yes."}, aof != "1"
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
