package rollout

import (
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// The longest that EC2 Auto Scaling waits at a checkpoint, or bakes.
const longest = 48 * time.Hour

// Want is what somebody asks for. Nil means that the plan decides, and says what it decided.
type Want struct {
	Image           fleet.ImageID    `json:"image,omitempty"`    // either an image,
	Version         int64            `json:"version,omitempty"`  // or an existing version of the group's template,
	Coming          string           `json:"coming,omitempty"`   // or an image that is still to be made, by its name
	Family          string           `json:"family,omitempty"`   // whose golden image Image was when this was asked for
	Strategy        string           `json:"strategy,omitempty"` // Rolling or ReplaceRootVolume; Rolling if empty
	MinHealthy      *int             `json:"min_healthy,omitempty"`
	MaxHealthy      *int             `json:"max_healthy,omitempty"`
	Warmup          *time.Duration   `json:"warmup,omitempty"`
	Bake            *time.Duration   `json:"bake,omitempty"`
	CheckpointDelay *time.Duration   `json:"checkpoint_delay,omitempty"`
	Checkpoints     []int            `json:"checkpoints,omitempty"` // percent
	Alarms          []string         `json:"alarms,omitempty"`
	Canary          int              `json:"canary,omitempty"`      // percent to replace before a person is asked to go on
	CanaryWait      time.Duration    `json:"canary_wait,omitempty"` // how long the answer may take; an hour if zero
	SetDefault      bool             `json:"set_default,omitempty"` // make the version the template's default at the end
	Back            bool             `json:"back,omitempty"`        // this is a roll back of an earlier roll
	Template        fleet.TemplateID `json:"template,omitempty"`    // of Back: the one that Version is of; empty: whichever the group launches from
	Standby         string           `json:"standby,omitempty"`     // Ignore, Terminate or Wait
	Protected       string           `json:"protected,omitempty"`   // Ignore, Refresh or Wait
}

// validate refuses what makes no sense whatever the fleet looks like.
func (w Want) validate() error {
	for _, check := range []func() *fault.Fault{w.validTarget, w.validStrategy, w.validShares, w.validStops, w.validCanary, w.validTimes, w.validRest} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (w Want) validTarget() *fault.Fault {
	switch {
	case w.Image == "" && w.Version == 0 && w.Coming == "":
		return invalid("Nothing to roll out was named.").WithHint("Give `--image ami-…`, `--family <name>` or `--version N`.")
	case w.Coming != "" && (w.Image != "" || w.Version != 0):
		return invalid("An image that is still to be made leaves no choice of another image or version.")
	case w.Image != "" && w.Version != 0:
		return invalid("An image and a version cannot be asked for together.").
			WithHint("A version already names its image: give `--image` or `--version`.")
	case w.Version < 0:
		return invalid("Version %d cannot exist.", w.Version).WithHint("Versions count from 1.")
	case w.Image.IsParameter():
		return invalid("%s is a parameter, not an image.", w.Image).
			WithHint("Name the AMI itself, as `--image ami-…`: only then can the roll be checked and rolled back.")
	case w.Image != "" && !imageID(w.Image):
		return invalid("%q is not the id of an image.", w.Image).WithHint("An id looks like `ami-0abc1234def567890`.")
	}
	return nil
}

func (w Want) validShares() *fault.Fault {
	low, high := w.MinHealthy, w.MaxHealthy
	switch {
	case low != nil && (*low < 0 || *low > 100):
		return invalid("`--min-healthy %d` is out of range.", *low).WithHint("It is a percentage of the group from 0 to 100.")
	case high != nil && (*high < 100 || *high > 200):
		return invalid("`--max-healthy %d` is out of range.", *high).
			WithHint("It is a percentage of the group from 100 to 200: 120 lets the group grow by a fifth meanwhile.")
	case low != nil && high != nil && *high-*low > 100:
		return invalid("`--min-healthy %d` and `--max-healthy %d` are more than 100 apart, which AWS refuses.", *low, *high).
			WithHint("With `--max-healthy %d` the lowest minimum is %d.", *high, *high-100)
	}
	return nil
}

func (w Want) validStops() *fault.Fault {
	last := 0
	for _, c := range w.Checkpoints {
		if c < 1 || c > 100 {
			return invalid("Checkpoint %d is out of range.", c).WithHint("Checkpoints are percentages from 1 to 100, such as `20,50`.")
		}
		if c <= last {
			return invalid("Checkpoint %d does not come after %d.", c, last).WithHint("Give them ascending, such as `20,50`.")
		}
		last = c
	}
	if w.CheckpointDelay != nil && len(w.Checkpoints) == 0 {
		return invalid("A checkpoint delay without checkpoints does nothing.").WithHint("Add `--checkpoints 20,50`.")
	}
	return nil
}

func (w Want) validCanary() *fault.Fault {
	switch {
	case w.Canary < 0 || w.Canary > 99:
		return invalid("`--canary %d` is out of range.", w.Canary).WithHint("It is a percentage of the group from 1 to 99.")
	case w.Canary > 0 && len(w.Checkpoints) > 0:
		return invalid("A canary and checkpoints cannot be asked for together.").
			WithHint("A canary waits for a person, a checkpoint for a time: choose one.")
	case w.CanaryWait != 0 && w.Canary == 0:
		return invalid("A wait for the canary without a canary does nothing.").WithHint("Add `--canary 10`.")
	case w.CanaryWait < 0 || w.CanaryWait > longest-time.Hour:
		return invalid("The canary cannot wait for %s.", card.Span(w.CanaryWait)).WithHint("It can wait for up to %s.", card.Span(longest-time.Hour))
	}
	return nil
}

func (w Want) validTimes() *fault.Fault {
	for _, t := range []struct {
		flag  string
		value *time.Duration
	}{{"warmup", w.Warmup}, {"bake", w.Bake}, {"checkpoint-delay", w.CheckpointDelay}} {
		switch {
		case t.value == nil:
		case *t.value < 0:
			return invalid("`--%s` cannot be less than nothing.", t.flag).WithHint("It may be up to %s.", card.Span(longest))
		case *t.value > longest:
			return invalid("`--%s` cannot be %s.", t.flag, card.Span(*t.value)).WithHint("It may be up to %s.", card.Span(longest))
		}
	}
	return nil
}

func (w Want) validRest() *fault.Fault {
	if len(w.Alarms) > 10 {
		return invalid("%d alarms are too many.", len(w.Alarms)).WithHint("AWS watches up to 10 during a refresh.")
	}
	if !slices.Contains([]string{"", "Ignore", "Terminate", "Wait"}, w.Standby) {
		return invalid("Standby instances cannot be treated as %q.", w.Standby).WithHint("Choose Ignore, Terminate or Wait.")
	}
	if !slices.Contains([]string{"", "Ignore", "Refresh", "Wait"}, w.Protected) {
		return invalid("Protected instances cannot be treated as %q.", w.Protected).WithHint("Choose Ignore, Refresh or Wait.")
	}
	return nil
}

func invalid(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, format, args...)
}

// imageID reports whether the id has the form of an AMI's.
func imageID(id fleet.ImageID) bool {
	rest, ok := strings.CutPrefix(string(id), "ami-")
	return ok && rest != "" && len(rest) <= 32 && strings.Trim(rest, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}
