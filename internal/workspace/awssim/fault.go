package awssim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is a way to go wrong.
type FaultKind string

const (
	// FaultError answers an action with Code and Message instead of doing it.
	FaultError FaultKind = "error"
	// FaultThrottle answers an action as if there were too many calls.
	FaultThrottle FaultKind = "throttle"
	// FaultServer answers an action with a 500.
	FaultServer FaultKind = "5xx"
	// FaultLostReply does what was asked and closes the connection without an answer.
	FaultLostReply FaultKind = "lost_reply"
	// FaultDelay answers late, by Delay of real time.
	FaultDelay FaultKind = "delay"
	// FaultLaunch fails the launches of Group, with Code and Message.
	FaultLaunch FaultKind = "launch"
	// FaultCapacity takes the machines of Type, or of every type, out of Zone, or out of every zone: neither groups
	// nor RunInstances get them.
	FaultCapacity FaultKind = "capacity"
	// FaultImageStuck leaves new images pending.
	FaultImageStuck FaultKind = "image_stuck"
	// FaultImageFailed makes new images fail.
	FaultImageFailed FaultKind = "image_failed"
	// FaultKey refuses the encryption key of new images, which AWS finds out only while it copies: they fail.
	FaultKey FaultKind = "key_refused"
)

// Fault is something ordered to go wrong.
type Fault struct {
	// ID names the fault; Add gives one.
	ID string `json:"id"`
	// Kind is the way.
	Kind FaultKind `json:"kind"`
	// Action is an action such as "RunInstances" or "ec2:RunInstances"; empty or "*" means every action.
	Action string `json:"action,omitempty"`
	// Group is the group whose launches fail; empty means every group.
	Group string `json:"group,omitempty"`
	// Zone is a zone such as eu-west-1a, and Type an instance type, that have no capacity.
	Zone string `json:"zone,omitempty"`
	Type string `json:"type,omitempty"`
	// Code and Message are what AWS will say; each kind has a default.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Times is how often; 0 means until it is removed.
	Times int `json:"times,omitempty"`
	// For is how long, on the fleet's clock; 0 means until it is removed. JSON has it in seconds.
	For time.Duration `json:"-"`
	// Delay is how late a delayed answer is. JSON has it in seconds.
	Delay time.Duration `json:"-"`

	until time.Time
}

// known tells whether there is such a kind.
func (k FaultKind) known() bool {
	return slices.Contains([]FaultKind{FaultError, FaultThrottle, FaultServer, FaultLostReply, FaultDelay, FaultLaunch,
		FaultCapacity, FaultImageStuck, FaultImageFailed, FaultKey}, k)
}

// plainFault is a fault with nothing but its fields.
type plainFault Fault

// faultJSON is a fault as JSON has it.
type faultJSON struct {
	plainFault
	ForSeconds   float64 `json:"for,omitempty"`
	DelaySeconds float64 `json:"delay,omitempty"`
}

// MarshalJSON writes durations in seconds.
func (o Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultJSON{plainFault(o), o.For.Seconds(), o.Delay.Seconds()})
}

// UnmarshalJSON reads durations in seconds.
func (o *Fault) UnmarshalJSON(raw []byte) error {
	var v faultJSON
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*o = Fault(v.plainFault)
	o.For = time.Duration(v.ForSeconds * float64(time.Second))
	o.Delay = time.Duration(v.DelaySeconds * float64(time.Second))
	return nil
}

// Faults is the list of what goes wrong.
type Faults struct{ cloud *Cloud }

// Faults returns the list of what goes wrong.
func (c *Cloud) Faults() Faults { return Faults{c} }

// Add orders a fault and returns its id.
func (f Faults) Add(fault Fault) string {
	defer f.cloud.lock()()
	f.cloud.faultNumber++
	fault.ID = cmp.Or(fault.ID, "fault-"+strconv.Itoa(f.cloud.faultNumber))
	if fault.For > 0 {
		fault.until = f.cloud.now.Add(fault.For)
	}
	f.cloud.faults = append(f.cloud.faults, &fault)
	return fault.ID
}

// Remove ends a fault. Removing what is gone is harmless.
func (f Faults) Remove(id string) {
	defer f.cloud.lock()()
	f.cloud.faults = slices.DeleteFunc(f.cloud.faults, func(o *Fault) bool { return o.ID == id })
}

// Clear ends all faults.
func (f Faults) Clear() {
	defer f.cloud.lock()()
	f.cloud.faults = nil
}

// List returns what is ordered and not over.
func (f Faults) List() []Fault {
	defer f.cloud.lock()()
	return f.cloud.listFaults()
}

func (c *Cloud) listFaults() []Fault {
	c.dropFaults()
	all := make([]Fault, 0, len(c.faults))
	for _, fault := range c.faults {
		all = append(all, *fault)
	}
	return all
}

// dropFaults forgets the faults whose time is over.
func (c *Cloud) dropFaults() {
	c.faults = slices.DeleteFunc(c.faults, func(o *Fault) bool {
		return !o.until.IsZero() && !c.now.Before(o.until)
	})
}

// spend finds the first fault that applies and uses it once.
func (c *Cloud) spend(applies func(*Fault) bool) *Fault {
	c.dropFaults()
	i := slices.IndexFunc(c.faults, applies)
	if i < 0 {
		return nil
	}
	fault := c.faults[i]
	if fault.Times == 1 {
		c.faults = slices.Delete(c.faults, i, i+1)
	} else if fault.Times > 1 {
		fault.Times--
	}
	return fault
}

// hits tells whether a fault of requests applies to one.
func (o *Fault) hits(k *call) bool {
	switch o.Kind {
	case FaultLaunch, FaultCapacity, FaultImageStuck, FaultImageFailed, FaultKey:
		return false
	}
	service, name, ok := strings.Cut(o.Action, ":")
	if !ok {
		service, name = string(k.service), o.Action
	}
	return service == string(k.service) && (name == "" || name == "*" || name == k.action)
}

// fate is what becomes of an answer.
type fate struct {
	lost  bool
	delay time.Duration
}

// before is everything that can stop a request from being looked at.
func (c *Cloud) before(k *call) (fate, error) {
	if err := c.throttle(k); err != nil {
		return fate{}, err
	}
	fault := c.spend(func(o *Fault) bool { return o.hits(k) })
	if fault == nil {
		return fate{}, c.permitted(k)
	}
	switch fault.Kind {
	case FaultLostReply:
		return fate{lost: true}, c.permitted(k)
	case FaultDelay:
		return fate{delay: fault.Delay}, c.permitted(k)
	case FaultThrottle:
		return fate{}, throttled(k.service)
	case FaultServer:
		return fate{}, &apiError{
			status:  http.StatusInternalServerError,
			code:    cmp.Or(fault.Code, "InternalError"),
			message: cmp.Or(fault.Message, "An internal error has occurred"),
		}
	}
	return fate{}, refuse(cmp.Or(fault.Code, "InternalError"), "%s", cmp.Or(fault.Message, "An internal error has occurred"))
}

// launchFault is the order for a group's next launch to fail, if there is one.
func (c *Cloud) launchFault(group string) *apiError {
	fault := c.spend(func(o *Fault) bool { return o.Kind == FaultLaunch && (o.Group == "" || o.Group == group) })
	if fault == nil {
		return nil
	}
	return refuse(cmp.Or(fault.Code, "InsufficientInstanceCapacity"), "%s", cmp.Or(fault.Message,
		"We currently do not have sufficient capacity in the Availability Zone you requested. "+
			"Our system will be working on provisioning additional capacity."))
}
