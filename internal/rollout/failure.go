package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// failures tells AWS's own words about failed launches, each sentence once and three at most.
func (r *run) failures(ctx context.Context, s *sight) error {
	list, err := r.fleet.Activities(ctx, r.plan.Group, r.data.Since)
	if err != nil {
		return fmt.Errorf("read the activities of %s: %w", r.plan.Group, err)
	}
	list = slices.DeleteFunc(list, func(a fleet.Activity) bool { return a.Started.Before(r.data.Since) })
	for _, a := range list {
		if a.Status != "Failed" {
			continue
		}
		if a.Message == "" || len(r.data.Failures) >= 3 || slices.Contains(r.data.Failures, a.Message) {
			continue
		}
		r.data.Failures = append(r.data.Failures, a.Message)
		s.tell(card.Bad, "%s", say.Sentences(say.Phrase("AWS: %s", a.Message), say.Remedy(a.Message)))
	}
	r.data.Progress.Failed = r.failed(list, s.refresh)
	return nil
}

// failed counts what AWS could not do, and the instances launched for the new version that were ill and
// taken out of service again.
func (r *run) failed(list []fleet.Activity, now fleet.Refresh) int {
	back := now.RollbackStarted
	if r.data.Phase == Sweep {
		back = r.data.Began
	}
	count, launched := 0, map[string]bool{}
	for _, a := range list {
		switch {
		case a.Status == "Failed":
			count++
		case strings.HasPrefix(a.Description, "Launching") && (back.IsZero() || a.Started.Before(back)):
			launched[instanceIn(a.Description)] = true
		}
	}
	for _, a := range list {
		id := instanceIn(a.Description)
		if a.Status != "Failed" && strings.HasPrefix(a.Description, "Terminating") && launched[id] && ill(a.Cause) {
			launched[id] = false
			count++
		}
	}
	return count
}

// ill reports whether the cause of a termination, which AWS tells in words only, is that the instance was
// not well: "… in response to an ELB system health check failure.".
func ill(cause string) bool {
	for _, words := range []string{"health check", "health-check", "status check", "abandoned lifecycle action"} {
		if strings.Contains(cause, words) {
			return true
		}
	}
	return false
}

// instanceIn finds the instance in an activity's description, "Launching a new EC2 instance: i-0abc".
func instanceIn(description string) string {
	for word := range strings.FieldsSeq(description) {
		if strings.HasPrefix(word, "i-") {
			return strings.TrimRight(word, ".,;:")
		}
	}
	return ""
}
