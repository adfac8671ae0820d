package image

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

var keyID = regexp.MustCompile(`^[A-Za-z0-9:/_-]{1,500}$`)

// checkKey says what is wrong with a key that is asked for.
func checkKey(key string) error {
	if key == "" || keyID.MatchString(key) {
		return nil
	}
	return fault.New(fault.Invalid, "`%s` is no KMS key.", card.Inert(key[:min(len(key), 80)])).
		WithHint("Give its alias, such as `alias/images`, its id or its ARN.")
}

// regionOf is the region of a key that is named by its ARN; empty where it is found in any.
func regionOf(key string) string {
	parts := strings.Split(key, ":")
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[3]
}

// keys are the KMS keys that an image's snapshots are encrypted with, as far as AWS tells.
func keys(ctx context.Context, from Reader, i fleet.Image) ([]string, error) {
	var ids, found []string
	for _, d := range i.Disks {
		if d.Encrypted && d.Snapshot != "" {
			ids = append(ids, d.Snapshot)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := from.Snapshots(ctx, ids...)
	if kind := fleet.KindOf(err); err != nil && (kind == fleet.Absent || kind == fleet.Refused) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the snapshots of %s: %w", i.ID, err)
	}
	for _, s := range all {
		if s.Key != "" && !slices.Contains(found, s.Key) {
			found = append(found, s.Key)
		}
	}
	return found, nil
}

// key names what an image is encrypted with.
func (s Subject) key() string {
	if len(s.Keys) == 0 {
		return "its KMS key"
	}
	return "the KMS key " + say.Some(s.Keys, 2)
}

// locked is what stands in the way of an image's use by another account, or what people should know of its key. what is
// what the others would do.
func (s Subject) locked(region, what string) []card.Finding {
	own := s.own(region)
	switch {
	case !s.Encrypted:
		return nil
	case slices.ContainsFunc(s.Keys, fleet.ManagedKey):
		return plan.One(plan.Stop(own, "%s is encrypted with AWS's own key for EBS, which no other account can use.", s.words()))
	}
	return plan.One(plan.Warn("Whoever keeps the key must allow them "+plan.KeyReads+". Where it is AWS's own key aws/ebs, AWS refuses: "+own,
		"The image is encrypted: they need %s to %s it.", s.key(), what))
}

// own says how to come by an image that can be shared.
func (s Subject) own(region string) string {
	return fmt.Sprintf("`/ami copy %s --to %s --name <name> --kms-key <key>` makes one with a key of your own.", s.ID, region)
}

// cure is what to look at when a copy failed that is encrypted: AWS tries the keys only after it took the order.
func (p Copying) cure(to Target, command string) say.Safe {
	if !p.Image.Encrypted && p.Want.Key == "" {
		return ""
	}
	with := "the default key for EBS there"
	if p.Want.Key != "" {
		with = "the KMS key " + p.Want.Key
	}
	text := say.Phrase("It is encrypted: my role in %s must be allowed to use %s (%s)", to.Destination.words(), with, plan.KeyWrites)
	if to.Account != p.Account && p.Image.Encrypted {
		text = say.Sentences(text, say.Phrase("%s must be granted to the account %s (%s)", upper(p.Image.key()), to.Account, plan.KeyReads))
	}
	if command == "" {
		return text
	}
	return say.Sentences(text, say.Phrase("Once that is cured, `%s` tries again", command))
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
