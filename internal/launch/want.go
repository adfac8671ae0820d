package launch

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/bake"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// The bounds of a launch.
const (
	Most         = 500             // instances
	LongestWait  = 2 * time.Hour   // of warmup and grace, as AWS has it
	MostUserData = 16 * 1024       // bytes, before they are encoded
	usualGrace   = 5 * time.Minute // until health checks count
	usualWarmup  = time.Minute     // until a new instance counts in later changes
	longestName  = 120             // of a group made here, so that its template's name fits, too
	example      = "Write it like `/asg launch web --from i-0abc1234def567890 --size 50`."
)

// groupName is what a new group may be called: AWS allows more, and people have to type it.
var groupName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// Want is what somebody asks for. What is empty or nil the plan decides, and says what it decided.
type Want struct {
	Group    fleet.GroupName  `json:"group"`
	Instance fleet.InstanceID `json:"instance,omitempty"` // either a configured instance, which is baked,
	Image    fleet.ImageID    `json:"image,omitempty"`    // or an image,
	Family   string           `json:"family,omitempty"`   // which may be the golden one of a family
	Size     int              `json:"size"`
	Min      *int             `json:"min,omitempty"`
	Max      *int             `json:"max,omitempty"`
	Template string           `json:"template,omitempty"` // an existing one, by name or id
	Version  int64            `json:"version,omitempty"`  // of it; its default one when 0

	Subnets      []string       `json:"subnets,omitempty"`       // ids
	TargetGroups []string       `json:"target_groups,omitempty"` // names or ARNs
	Warmup       *time.Duration `json:"warmup,omitempty"`
	Grace        *time.Duration `json:"grace,omitempty"`

	Type           string   `json:"type,omitempty"`
	Key            string   `json:"key,omitempty"`
	SecurityGroups []string `json:"security_groups,omitempty"` // ids
	Role           string   `json:"role,omitempty"`            // instance profile
	UserData       *string  `json:"user_data,omitempty"`       // as it is; nil: the source's

	Way   bake.Way `json:"way,omitempty"`   // what becomes of the instance while it is baked
	Bakes string   `json:"bakes,omitempty"` // the name of the image that is baked; the bake finds one when empty
}

// validate refuses what makes no sense whatever the cloud looks like.
func (w Want) validate() error {
	for _, check := range []func() *fault.Fault{w.validName, w.validSource, w.validSize, w.validTimes, w.validRest} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (w Want) validName() *fault.Fault {
	switch {
	case w.Group == "":
		return invalid("The new group needs a name.").WithHint(example)
	case len(w.Group) > longestName:
		return invalid("The name of a new group has %d characters at the most.", longestName).WithHint("Choose a shorter one.")
	case !groupName.MatchString(string(w.Group)):
		return invalid("%s cannot be the name of a new group.", card.Inert(string(w.Group))).
			WithHint("Names are letters, digits, dots, dashes, slashes and underscores, such as `web-blue`.")
	}
	return nil
}

func (w Want) validSource() *fault.Fault {
	switch {
	case w.Instance == "" && w.Image == "":
		return invalid("There is nothing to launch from.").WithHint(example)
	case w.Instance != "" && w.Image != "":
		return invalid("An instance and an image cannot be launched from together.").WithHint(example)
	case w.Image.IsParameter():
		return invalid("%s is a parameter, not an image.", w.Image).WithHint("Name the AMI itself: only then can it be checked.")
	case w.Way != bake.Any && w.Instance == "":
		return invalid("Nothing is baked here, so there is nothing to do in the way %q.", w.Way).WithHint("Leave `--%s` out.", w.Way)
	case w.Version < 0:
		return invalid("Version %d cannot exist.", w.Version).WithHint("Versions count from 1.")
	case w.Version > 0 && w.Template == "":
		return invalid("A version without a template means nothing.").WithHint("Write `--template name@%d`.", w.Version)
	}
	return nil
}

func (w Want) validSize() *fault.Fault {
	low, high := w.limits()
	switch {
	case w.Size < 1 || w.Size > Most:
		return invalid("A launch is of 1 to %d instances, not %d.", Most, w.Size).WithHint("For more, launch some and scale the group afterwards.")
	case low < 0 || low > w.Size:
		return invalid("The minimum of %d does not go with %d instances.", low, w.Size).WithHint("It is between 0 and %d.", w.Size)
	case high < w.Size:
		return invalid("The maximum of %d is below the %d instances that are asked for.", high, w.Size).WithHint("It is %d or more.", w.Size)
	}
	return nil
}

// limits are the group's minimum and maximum. Left out, the group never falls below what was asked for by itself,
// and may be scaled to twice as many.
func (w Want) limits() (low, high int) {
	low, high = w.Size, 2*w.Size
	if w.Min != nil {
		low = *w.Min
	}
	if w.Max != nil {
		high = *w.Max
	}
	return low, high
}

func (w Want) validTimes() *fault.Fault {
	for _, t := range []struct {
		flag  string
		value *time.Duration
	}{{"warmup", w.Warmup}, {"grace", w.Grace}} {
		if t.value != nil && (*t.value < 0 || *t.value > LongestWait) {
			return invalid("`--%s` cannot be %s.", t.flag, t.value).WithHint("It may be up to %s.", card.Span(LongestWait))
		}
	}
	return nil
}

func (w Want) validRest() *fault.Fault {
	if w.UserData != nil && len(*w.UserData) > MostUserData {
		return invalid("The user data has %d bytes; AWS takes %d.", len(*w.UserData), MostUserData).
			WithHint("Have a short script fetch the rest, or bake it into the image.")
	}
	for _, list := range []struct {
		prefix, flag string
		ids          []string
	}{{"subnet-", "subnets", w.Subnets}, {"sg-", "sg", w.SecurityGroups}} {
		for i, id := range list.ids {
			if !strings.HasPrefix(id, list.prefix) {
				return invalid("%s is not an id for `--%s`.", card.Inert(id), list.flag).WithHint("Ids begin with `%s`.", list.prefix)
			}
			if slices.Contains(list.ids[:i], id) {
				return invalid("%s is named twice.", card.Inert(id)).WithHint("Name each once.")
			}
		}
	}
	return nil
}

func invalid(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, format, args...)
}

// changes reports whether anything of the template is asked for besides the image.
func (w Want) changes() bool {
	return w.Type != "" || w.Key != "" || len(w.SecurityGroups) > 0 || w.Role != "" || w.UserData != nil
}

// baking is what is asked of the bake.
func (w Want) baking() bake.Want {
	return bake.Want{Instance: string(w.Instance), Name: w.Bakes, Way: w.Way, Note: "For the group " + string(w.Group)}
}

// spec is what is asked for of the template.
func (w Want) spec() fleet.LaunchSpec {
	return fleet.LaunchSpec{Image: w.Image, Type: w.Type, Key: w.Key, SecurityGroups: w.SecurityGroups, Profile: w.Role, UserData: w.UserData}
}
