package retire

import (
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Kind is the workflow's name in records.
const Kind = "retire"

// The defaults and bounds.
const (
	usualCooldown = 24 * time.Hour
	usualRollback = 72 * time.Hour
	mostImages    = 50 // in one operation
)

// Want is what somebody asks for: images by id, what is old of a family, or images back that were on their way out.
type Want struct {
	Images      []fleet.ImageID `json:"images,omitempty"`
	Family      string          `json:"family,omitempty"`       // prune this one
	Keep        int             `json:"keep,omitempty"`         // its newest so many stay
	Older       time.Duration   `json:"older,omitempty"`        // and those that are not older than this
	OldVersions bool            `json:"old_versions,omitempty"` // versions of templates that nothing uses do not count
	Unknown     bool            `json:"unknown,omitempty"`      // go on where AWS does not tell whether other accounts use an image
	Restore     bool            `json:"restore,omitempty"`      // bring the images back
	Cooldown    time.Duration   `json:"cooldown,omitempty"`
}

// prune reports whether a family is pruned.
func (w Want) prune() bool { return w.Family != "" }

func (w Want) check() error {
	switch {
	case w.prune() && len(w.Images) > 0:
		return fault.New(fault.Invalid, "A family is pruned or an image is retired, not both at once.")
	case w.prune() && w.Keep < 1:
		return fault.New(fault.Invalid, "Pruning keeps at least one image.").WithHint("Add `--keep 5`: the newest five stay.")
	case w.Older < 0 || w.Cooldown < 0:
		return fault.New(fault.Invalid, "No time is shorter than nothing.")
	case w.prune():
		return family.Check(w.Family)
	case len(w.Images) == 0:
		return fault.New(fault.Invalid, "No image was named.").WithHint("`/ami list` shows those there are.")
	case len(w.Images) > mostImages:
		return fault.New(fault.Invalid, "%d images are more than %d, which is the most at once.", len(w.Images), mostImages)
	}
	return nil
}

func stop(hint, text string) card.Finding { return card.Finding{Stop: true, Text: text, Hint: hint} }

func warn(hint, text string) card.Finding { return card.Finding{Text: text, Hint: hint} }
