package group

import (
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// The kinds of operations.
const (
	Scale     = "scale"
	Attach    = "attach"
	Processes = "processes"
	Protect   = "protect"
	Standby   = "standby"
	Replace   = "replace"
)

// Kinds are all of them.
func Kinds() []string { return []string{Scale, Attach, Processes, Protect, Standby, Replace} }

// Want is what somebody asks for. Of the fields below Group only those of its kind are set.
type Want struct {
	Kind  string          `json:"kind"`
	Group fleet.GroupName `json:"group"`

	// Of Scale. Desired is absolute; By is added to what the group wants when the plan is made.
	Desired *int `json:"desired,omitempty"`
	By      *int `json:"by,omitempty"`
	Min     *int `json:"min,omitempty"`
	Max     *int `json:"max,omitempty"`

	// Of Attach. Without a version it is the template's default one.
	Template string `json:"template,omitempty"`
	Version  int64  `json:"version,omitempty"`

	// On is whether to suspend (Processes), to protect (Protect), or to enter (Standby).
	On        bool               `json:"on,omitempty"`
	Names     []string           `json:"names,omitempty"`     // of processes
	Instances []fleet.InstanceID `json:"instances,omitempty"` // of Protect, Standby and Replace
	// Refill has the group launch another instance for one that enters standby, so that its size stays as it is.
	Refill bool `json:"refill,omitempty"`
}

const (
	mostInstances = 20 // that AWS takes at once for standby, the smallest of its limits
	mostSize      = 10000
)

// validate refuses what makes no sense whatever the group looks like.
func (w Want) validate() error {
	if w.Group == "" {
		return invalid("Name a group.").WithHint("`/asg list` shows the groups there are.")
	}
	switch w.Kind {
	case Scale:
		return w.validSize()
	case Attach:
		if w.Template == "" || w.Version < 0 {
			return invalid("Name the launch template.").WithHint("`--template web-lt@8` names version 8 of web-lt.")
		}
	case Processes:
		return w.validProcesses()
	case Protect, Standby, Replace:
		return w.validInstances()
	default:
		return invalid("I do not know how to %q a group.", w.Kind)
	}
	return nil
}

func (w Want) validSize() error {
	if w.Desired == nil && w.By == nil && w.Min == nil && w.Max == nil {
		return invalid("Say how many instances the group should have.").WithHint("`/asg scale %s 12`, `+2` or `-2`.", w.Group)
	}
	for name, n := range map[string]*int{"desired size": w.Desired, "minimum": w.Min, "maximum": w.Max} {
		if n != nil && (*n < 0 || *n > mostSize) {
			return invalid("A %s of %d is out of range.", name, *n).WithHint("It may be from 0 to %d.", mostSize)
		}
	}
	if w.Min != nil && w.Max != nil && *w.Min > *w.Max {
		return invalid("A minimum of %d is more than a maximum of %d.", *w.Min, *w.Max)
	}
	return nil
}

// processes are those of EC2 Auto Scaling that can be suspended, with what rests meanwhile.
func processes() map[string]string {
	return map[string]string{
		"Launch":            "no instance is launched: what fails is not replaced, and the group does not grow",
		"Terminate":         "no instance is terminated: the group does not shrink, and what is ill stays",
		"AddToLoadBalancer": "new instances get no traffic, and get none either when this is resumed",
		"AlarmNotification": "scaling policies do nothing when their alarms ring",
		"AZRebalance":       "zones are not levelled",
		"HealthCheck":       "ill instances are not noticed",
		"InstanceRefresh":   "an instance refresh pauses",
		"ReplaceUnhealthy":  "ill instances are not replaced",
		"ScheduledActions":  "scheduled actions do nothing",
	}
}

// ProcessNames are the processes that can be suspended.
func ProcessNames() []string {
	names := make([]string, 0, len(processes()))
	for name := range processes() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Process is a process by its name in whatever case; false if there is none.
func Process(name string) (string, bool) {
	for _, known := range ProcessNames() {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

func (w Want) validProcesses() error {
	if len(w.Names) == 0 {
		return invalid("Name the processes; all of them at once are never suspended.").WithHint("There are: %s.", strings.Join(ProcessNames(), ", "))
	}
	for _, n := range w.Names {
		if _, known := processes()[n]; !known {
			return invalid("There is no process %s.", card.Inert(n)).WithHint("There are: %s.", strings.Join(ProcessNames(), ", "))
		}
	}
	return nil
}

func (w Want) validInstances() error {
	switch {
	case len(w.Instances) == 0:
		return invalid("Name an instance.").WithHint("`/asg show %s` shows those there are.", w.Group)
	case len(w.Instances) > mostInstances:
		return invalid("%d instances are more than the %d that can be named at once.", len(w.Instances), mostInstances)
	}
	for _, id := range w.Instances {
		if !strings.HasPrefix(string(id), "i-") {
			return invalid("%s is not the id of an instance.", card.Inert(string(id))).WithHint("An id looks like `i-0abc1234def567890`.")
		}
	}
	return nil
}

func invalid(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, format, args...)
}
