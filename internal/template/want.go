package template

import (
	"regexp"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Action is what is done to a template.
type Action string

// The actions.
const (
	Create  Action = "create"
	Update  Action = "update"  // make a version
	Default Action = "default" // make a version the default one
	Clean   Action = "clean"   // delete old versions
	Adopt   Action = "adopt"   // create one from a live server
	Delete  Action = "delete"  // only to take back a Create or an Adopt
)

// Want is what somebody asks for.
type Want struct {
	Action     Action           `json:"action"`
	Name       string           `json:"name"`
	Spec       fleet.LaunchSpec `json:"spec,omitzero"`         // what Create, Update and Adopt set
	Source     int64            `json:"source,omitempty"`      // the version that Update begins with; 0: the latest
	SetDefault bool             `json:"set_default,omitempty"` // of Update: make the version the default one at the end
	Version    int64            `json:"version,omitempty"`     // of Default
	Back       string           `json:"back,omitempty"`        // of Default: why it is a way back, as a clause: "as it was before op-7f3k"
	Keep       int              `json:"keep,omitempty"`        // of Clean: how many of the newest stay
	From       fleet.InstanceID `json:"from,omitempty"`        // of Adopt
	ID         fleet.TemplateID `json:"id,omitempty"`          // of Delete: the one that was made, and none that was given the name later
	Note       string           `json:"note,omitempty"`        // of Create, Update and Adopt: words for the version's description
}

// name is how AWS allows templates to be called.
var name = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)

// validate refuses what makes no sense whatever the account looks like.
func (w Want) validate() error {
	if !name.MatchString(w.Name) {
		return fault.New(fault.Invalid, "%q is no name for a launch template.", card.Inert(w.Name)).
			WithHint("A name has 3 to 128 letters, digits and ( ) . / _ -.")
	}
	if err := valid(w.Spec); err != nil {
		return err
	}
	switch w.Action {
	case Create:
		return w.validCreate()
	case Update:
		return w.validUpdate()
	case Default:
		return w.validDefault()
	case Clean:
		return w.validClean()
	case Adopt:
		return w.validAdopt()
	case Delete:
		return nil
	}
	return fault.New(fault.Invalid, "This version of amiral does not know how to %s a template.", card.Inert(string(w.Action)))
}

func (w Want) validCreate() error {
	if w.Spec.Image == "" {
		return fault.New(fault.Invalid, "A template needs an image.").WithHint("Give `--image` with an AMI's id, its name or a family.")
	}
	if w.Spec.Type == "" {
		return fault.New(fault.Invalid, "A template needs an instance type.").WithHint("Give `--type`, such as `--type m7i.large`.")
	}
	return nil
}

func (w Want) validUpdate() error {
	if w.Source < 0 {
		return fault.New(fault.Invalid, "Version %d cannot exist.", w.Source).WithHint("Versions count from 1.")
	}
	if empty(w.Spec) {
		return fault.New(fault.Invalid, "Nothing to change was named.").
			WithHint("Give at least one field, such as `--image` or `--type`; `/template default` moves the default.")
	}
	return nil
}

func (w Want) validDefault() error {
	if w.Version < 1 {
		return fault.New(fault.Invalid, "Version %d cannot exist.", w.Version).WithHint("Versions count from 1.")
	}
	return nil
}

func (w Want) validClean() error {
	if w.Keep < 1 {
		return fault.New(fault.Invalid, "At least one version stays.").WithHint("Give `--keep` with how many of the newest are to stay.")
	}
	return nil
}

func (w Want) validAdopt() error {
	if !strings.HasPrefix(string(w.From), "i-") {
		return fault.New(fault.Invalid, "%q is not the id of an instance.", card.Inert(string(w.From))).WithHint("It looks like `i-0abc1234def567890`.")
	}
	return nil
}
