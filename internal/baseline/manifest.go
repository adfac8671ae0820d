package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// DigestTag is the tag by which an image carries the digest of its manifest.
const DigestTag = "amiral:baseline"

// Part is a part of a manifest.
type Part string

// The parts.
const (
	Packages Part = "packages"
	Files    Part = "files"
	Services Part = "services"
	Firewall Part = "firewall"
	Rules    Part = "rules" // of the security groups
)

// Parts are all parts, in the order in which people read them.
func Parts() []Part { return []Part{Packages, Files, Services, Firewall, Rules} }

// Manifest is what was on a machine when an image was made of it.
type Manifest struct {
	Image    fleet.ImageID       `json:"image"`
	Instance fleet.InstanceID    `json:"instance,omitempty"` // that it was captured on
	At       time.Time           `json:"at,omitzero"`
	System   System              `json:"system,omitzero"`
	Packages map[string]string   `json:"packages,omitempty"` // versions by name
	Files    map[string]File     `json:"files,omitempty"`    // by path
	Services map[string]Service  `json:"services,omitempty"` // by unit
	Firewall map[string][]string `json:"firewall,omitempty"` // rules as they are listed, by the tool that lists them
	Rules    []fleet.Rule        `json:"rules,omitempty"`    // of the security groups
	Missing  map[Part]string     `json:"missing,omitempty"`  // why a part was not captured: "no manifest, because …"
}

// System is the operating system.
type System struct {
	Name   string `json:"name,omitempty"`   // "Debian GNU/Linux 12 (bookworm)"
	Kernel string `json:"kernel,omitempty"` // its release
	Arch   string `json:"arch,omitempty"`
}

// File is a file, or a symbolic link.
type File struct {
	Sum   string `json:"sum,omitempty"` // SHA-256 in hex; empty for links and for what is too large to be read
	Mode  string `json:"mode,omitempty"`
	Owner string `json:"owner,omitempty"` // user:group
	Size  int64  `json:"size,omitempty"`
	Link  string `json:"link,omitempty"` // where a symbolic link leads
}

// Service is a unit that is enabled, active, or both.
type Service struct {
	Enabled string `json:"enabled,omitempty"` // as systemd spells it
	Active  string `json:"active,omitempty"`  // running, exited, …
}

// Because is the sentence for a part that could not be captured.
func Because(why string) string {
	return "no manifest, because " + strings.TrimSuffix(strings.TrimSpace(why), ".")
}

// Lacks notes why a part could not be captured.
func (m *Manifest) Lacks(why string, parts ...Part) {
	if m.Missing == nil {
		m.Missing = map[Part]string{}
	}
	for _, p := range parts {
		m.Missing[p] = Because(why)
	}
}

// Absent reports whether nothing of the machine itself was captured, and why.
func (m Manifest) Absent() (why string, absent bool) {
	for _, p := range []Part{Packages, Files, Services, Firewall} {
		if m.Missing[p] == "" {
			return "", false
		}
	}
	return m.Missing[Packages], true
}

// Digest is the SHA-256 of what was found, in hex. It does not depend on the image, the machine and the time, so two
// images of machines that are alike have the same.
func (m Manifest) Digest() string {
	m.Image, m.Instance, m.At = "", "", time.Time{}
	m.Rules = sorted(m.Rules)
	body, err := json.Marshal(m) // fields in order, maps by their keys
	if err != nil {              // strings, numbers and maps of them always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Add takes over what another manifest has of the same machine.
func (m *Manifest) Add(more Manifest) {
	if more.System != (System{}) {
		m.System = more.System
	}
	add(&m.Packages, more.Packages)
	add(&m.Files, more.Files)
	add(&m.Services, more.Services)
	add(&m.Firewall, more.Firewall)
	add(&m.Missing, more.Missing)
	if more.Rules != nil {
		m.Rules = sorted(more.Rules)
	}
}

func add[K comparable, V any](to *map[K]V, more map[K]V) {
	if more == nil {
		return
	}
	if *to == nil {
		*to = map[K]V{}
	}
	maps.Copy(*to, more)
}

// sorted are rules in an order that does not depend on AWS's.
func sorted(rules []fleet.Rule) []fleet.Rule {
	rules = slices.Clone(rules)
	slices.SortFunc(rules, func(a, b fleet.Rule) int {
		if c := strings.Compare(a.Group, b.Group); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rules
}
