package bake

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
)

// Way is what becomes of the instance while its image is made.
type Way string

// The ways.
const (
	Any      Way = ""          // the plan decides
	Reboot   Way = "reboot"    // it is rebooted
	NoReboot Way = "no-reboot" // it runs on
	Standby  Way = "standby"   // it leaves its group's service, is rebooted and comes back
	Twin     Way = "twin"      // it is not touched: a machine like it is launched, rebooted and terminated
	Stopped  Way = "stopped"   // it is stopped and stays so; only a plan says this
)

// Place is where a copy of the image is made.
type Place struct {
	Environment string `json:"environment"`       // whose account and role
	Region      string `json:"region"`            //
	Account     string `json:"account,omitempty"` // the environment's
}

// String is "eu-central-1" or "staging, eu-central-1".
func (p Place) String() string { return p.Environment + ", " + p.Region }

// Want is what somebody asks for.
type Want struct {
	Instance    string   `json:"instance"`               // its id or its Name tag
	Name        string   `json:"name,omitempty"`         // of the image; empty: the plan finds one
	Family      string   `json:"family,omitempty"`       // that the image belongs to
	Way         Way      `json:"way,omitempty"`          //
	ExcludeData bool     `json:"exclude_data,omitempty"` // only the root volume
	CopyTo      []Place  `json:"copy_to,omitempty"`      //
	Share       []string `json:"share,omitempty"`        // account ids
	Note        string   `json:"note,omitempty"`         // the image's description
}

const (
	shortestName = 3
	longestName  = 128
	longestNote  = 255
	mostPlaces   = 10
	mostAccounts = 50
)

var (
	nameForm     = regexp.MustCompile(`^[A-Za-z0-9()\[\] ./\-'@_]*$`)
	nameStranger = regexp.MustCompile(`[^A-Za-z0-9()\[\] ./\-'@_]+`)
	familyForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	accountForm  = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm   = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$`)
	idForm       = regexp.MustCompile(`^i-[0-9a-z]{1,32}$`)
)

// validate refuses what makes no sense whatever the fleet looks like.
func (w Want) validate() error {
	for _, check := range []func() *fault.Fault{w.validInstance, w.validName, w.validFamily, w.validNote, w.validWay, w.validPlaces, w.validShare} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (w Want) validInstance() *fault.Fault {
	if strings.TrimSpace(w.Instance) == "" {
		return invalid("No instance to make an image of was named.").WithHint("Name it by its id or its Name tag, as in `/ami bake i-0abc1234def567890`.")
	}
	return nil
}

func (w Want) validName() *fault.Fault {
	switch n := utf8.RuneCountInString(w.Name); {
	case w.Name == "":
		return nil
	case n < shortestName || n > longestName:
		return invalid("The name of an image has %d to %d characters; this one has %d.", shortestName, longestName, n)
	case !nameForm.MatchString(w.Name):
		return invalid("`%s` cannot be the name of an image: %q is not allowed in it.", card.Inert(w.Name), nameStranger.FindString(w.Name)).
			WithHint("Letters, digits, spaces and ( ) [ ] . / - ' @ _ are.")
	}
	return nil
}

func (w Want) validFamily() *fault.Fault {
	if w.Family != "" && !familyForm.MatchString(w.Family) {
		return invalid("`%s` cannot be the name of a family.", card.Inert(w.Family)).
			WithHint("Up to 63 letters, digits, dots, dashes and underscores, the first a letter or a digit.")
	}
	return nil
}

func (w Want) validNote() *fault.Fault {
	if len(w.Note) > longestNote {
		return invalid("The note has %d characters, and AWS takes %d.", utf8.RuneCountInString(w.Note), longestNote).WithHint("Say it shorter.")
	}
	for _, r := range w.Note {
		if r < ' ' || r > '~' {
			return invalid("AWS does not take %q in the description of an image.", r).WithHint("Plain letters, digits and signs are taken, without accents.")
		}
	}
	return nil
}

func (w Want) validWay() *fault.Fault {
	switch w.Way {
	case Any, Reboot, NoReboot, Standby, Twin:
		return nil
	}
	return invalid("An image cannot be made in the way %q.", w.Way).WithHint("Choose `--reboot`, `--no-reboot`, `--standby` or `--twin`.")
}

func (w Want) validPlaces() *fault.Fault {
	if len(w.CopyTo) > mostPlaces {
		return invalid("%d copies are too many at once.", len(w.CopyTo)).WithHint("Up to %d are made; `/ami copy` makes more later.", mostPlaces)
	}
	seen := map[string]bool{}
	for _, p := range w.CopyTo {
		if !IsRegion(p.Region) {
			return invalid("%q is not the name of a region.", p.Region).WithHint("A region looks like `eu-central-1`.")
		}
		if key := p.Account + "/" + p.Region; seen[key] {
			return invalid("The image would be copied to %s twice.", p.Region)
		} else {
			seen[key] = true
		}
	}
	return nil
}

func (w Want) validShare() *fault.Fault {
	if len(w.Share) > mostAccounts {
		return invalid("%d accounts are too many at once.", len(w.Share)).WithHint("Up to %d are taken; `/ami share` adds more later.", mostAccounts)
	}
	for _, a := range w.Share {
		if !IsAccount(a) {
			return invalid("%q is not the id of an account.", a).WithHint("It has 12 digits.")
		}
	}
	return nil
}

// IsRegion reports whether the word has the form of a region's name.
func IsRegion(word string) bool { return regionForm.MatchString(word) }

// IsAccount reports whether the word has the form of an account's id.
func IsAccount(word string) bool { return accountForm.MatchString(word) }

// named is the name of the image: the one that was asked for, or one made of family or Name tag and the time.
func (w Want) named(f Facts) string {
	if w.Name != "" {
		return w.Name
	}
	stem := string(f.Instance.ID)
	for _, s := range []string{f.Instance.Name, w.Family} {
		if clean := strings.Trim(nameStranger.ReplaceAllString(s, "-"), " -"); clean != "" {
			stem = clean
		}
	}
	suffix := f.Now.UTC().Format("-2006.01.02-1504")
	if f.Namesakes > 0 {
		suffix += fmt.Sprintf("-%d", f.Namesakes+1)
	}
	return stem[:min(len(stem), longestName-len(suffix))] + suffix
}

func invalid(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, format, args...)
}
