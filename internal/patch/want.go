package patch

import (
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/rollout"
)

const (
	mostGroups  = 20
	longestTest = 4000
	usualTest   = 10 * time.Minute
	mostTest    = 6 * time.Hour
)

// Want is what somebody asks for.
type Want struct {
	Groups  []fleet.GroupName `json:"groups"` // in the order in which they are rolled
	Bake    bake.Want         `json:"bake"`   // from which server, and how
	Test    string            `json:"test,omitempty"`
	Timeout time.Duration     `json:"timeout,omitempty"` // of the test; ten minutes if zero
	Roll    rollout.Want      `json:"roll"`              // the pace, the same for every group; it names no image
	Promote bool              `json:"promote,omitempty"` // make the image its family's golden one at the end

	Parameter string `json:"parameter,omitempty"` // that follows the family's golden image; empty: none does
}

// validate refuses what makes no sense whatever the fleet looks like.
func (w Want) validate() error {
	for _, check := range []func() *fault.Fault{w.validGroups, w.validBake, w.validTest} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (w Want) validGroups() *fault.Fault {
	if len(w.Groups) == 0 {
		return invalid("No group to patch was named.").WithHint("Name one, or several with `--groups a,b,c` or `--tag Role=web`.")
	}
	if len(w.Groups) > mostGroups {
		return invalid("%d groups are too many at once.", len(w.Groups)).WithHint("Up to %d are patched in one operation.", mostGroups)
	}
	for i, g := range w.Groups {
		if slices.Contains(w.Groups[:i], g) {
			return invalid("The group %s is named twice.", card.Inert(string(g)))
		}
	}
	return nil
}

func (w Want) validBake() *fault.Fault {
	switch {
	case w.Bake.Way == bake.Twin:
		return invalid("A twin is launched as its group launches now, so it would not have what was patched on %s.", card.Inert(w.Bake.Instance)).
			WithHint("Use `--no-reboot`, or `--standby` to take the server out of service meanwhile.")
	case w.Promote && w.Bake.Family == "":
		return invalid("An image can only be promoted in a family.").WithHint("Add `--family <name>`.")
	case len(w.Bake.CopyTo) > 0 || len(w.Bake.Share) > 0:
		return invalid("A patch copies and shares nothing.").WithHint("`/ami copy` and `/ami share` do, once the image is there.")
	}
	return nil
}

func (w Want) validTest() *fault.Fault {
	switch {
	case w.Test == "" && w.Timeout != 0:
		return invalid("`--test-timeout` without a test does nothing.").WithHint("Add `--test \"<command>\"`.")
	case w.Test != "" && strings.TrimSpace(w.Test) == "":
		return invalid("The test is an empty command.")
	case len(w.Test) > longestTest:
		return invalid("The test has %d characters, and %d are taken.", len(w.Test), longestTest).WithHint("Put it in a script on the server, and call that.")
	case w.Timeout < 0 || w.Timeout > mostTest || w.Timeout > 0 && w.Timeout < 30*time.Second:
		return invalid("A test cannot take %s.", card.Span(w.Timeout)).WithHint("It may take from 30 seconds to %s.", card.Span(mostTest))
	}
	return nil
}

func invalid(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, format, args...)
}
