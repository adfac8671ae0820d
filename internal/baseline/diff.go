package baseline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// shown is how many lines of a part a card shows.
const shown = 20

// Difference is in what two manifests differ.
type Difference struct {
	Parts   []PartDifference `json:"parts,omitempty"`   // those that differ
	Unknown []Gap            `json:"unknown,omitempty"` // those that cannot be compared
}

// PartDifference is in what one part differs. Lines are as people read them.
type PartDifference struct {
	Part    Part     `json:"part"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// Gap is a part that one of the two does not have.
type Gap struct {
	Part Part          `json:"part"`
	Of   fleet.ImageID `json:"of,omitempty"`
	Why  string        `json:"why"`
}

// Same reports whether nothing differs, as far as it can be told.
func (d Difference) Same() bool { return len(d.Parts) == 0 }

// Diff compares two manifests, the second being the later one. A part that either lacks is not compared, and said to
// be unknown.
func Diff(a, b Manifest) Difference {
	var d Difference
	for _, p := range Parts() {
		gaps := slices.Concat(gap(a, p), gap(b, p))
		if len(gaps) > 0 {
			d.Unknown = append(d.Unknown, gaps...)
			continue
		}
		one := compared(p, a.lines(p), b.lines(p))
		if len(one.Added)+len(one.Removed)+len(one.Changed) > 0 {
			d.Parts = append(d.Parts, one)
		}
	}
	return d
}

func gap(m Manifest, p Part) []Gap {
	if why := m.Missing[p]; why != "" {
		return []Gap{{Part: p, Of: m.Image, Why: why}}
	}
	return nil
}

// compared tells two sets of lines apart, each line under its key.
func compared(p Part, a, b map[string]string) PartDifference {
	d := PartDifference{Part: p}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		was, there := a[k]
		switch {
		case !there:
			d.Added = append(d.Added, line(k, b[k]))
		case was != b[k]:
			d.Changed = append(d.Changed, k+": "+was+" -> "+b[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if _, there := b[k]; !there {
			d.Removed = append(d.Removed, line(k, a[k]))
		}
	}
	return d
}

func line(key, value string) string { return strings.TrimSpace(key + " " + value) }

// lines is a part as keys and values.
func (m Manifest) lines(p Part) map[string]string {
	all := map[string]string{}
	switch p {
	case Packages:
		maps.Copy(all, m.Packages)
	case Files:
		for path, f := range m.Files {
			all[path] = f.words()
		}
	case Services:
		for unit, s := range m.Services {
			all[unit] = s.words()
		}
	case Firewall:
		for tool, rules := range m.Firewall {
			for _, r := range rules {
				all[tool+": "+strings.TrimSpace(r)] = ""
			}
		}
	case Rules:
		for _, r := range m.Rules {
			all[Rule(r)] = ""
		}
	}
	return all
}

func (f File) words() string {
	if f.Link != "" {
		return "leads to " + f.Link
	}
	sum := f.Sum
	if len(sum) > 12 {
		sum = sum[:12]
	}
	if sum == "" {
		sum = fmt.Sprintf("%d bytes", f.Size)
	}
	return strings.Join([]string{sum, f.Mode, f.Owner}, " ")
}

func (s Service) words() string {
	switch {
	case s.Enabled == "":
		return s.Active + ", not enabled"
	case s.Active == "":
		return s.Enabled + ", not active"
	}
	return s.Enabled + ", " + s.Active
}

// Rule is a rule of a security group in words: "sg-1 in tcp 443 from 10.0.0.0/8".
func Rule(r fleet.Rule) string {
	way, of := "in", "from"
	if r.Egress {
		way, of = "out", "to"
	}
	ports := fmt.Sprintf("%s %d-%d", r.Protocol, r.From, r.To)
	switch {
	case r.Protocol == "-1":
		ports = "all"
	case r.From == r.To:
		ports = fmt.Sprintf("%s %d", r.Protocol, r.From)
	}
	return fmt.Sprintf("%s %s %s %s %s", r.Group, way, ports, of, r.Peer)
}

// Sections draw the difference for a card: at the most a screen for each part, and how many more there are.
func (d Difference) Sections() []card.Section {
	var all []card.Section
	for _, p := range d.Parts {
		all = append(all, card.Para(card.Text{{Bold: title(p.Part)}, {Plain: ": " + p.count()}}), card.Section{Code: p.code()})
	}
	if d.Same() {
		all = append(all, card.Para(card.T("What was compared is the same.")))
	}
	var findings []card.Finding
	for _, g := range d.Unknown {
		findings = append(findings, card.Finding{Text: fmt.Sprintf("%s of %s cannot be compared: %s.", title(g.Part), g.Of, g.Why)})
	}
	if len(findings) > 0 {
		all = append(all, card.Section{Findings: findings})
	}
	return all
}

func title(p Part) string {
	if p == Rules {
		return "Security group rules"
	}
	return strings.ToUpper(string(p[:1])) + string(p[1:])
}

func (d PartDifference) count() string {
	var words []string
	for _, c := range []struct {
		n    int
		verb string
	}{{len(d.Added), "added"}, {len(d.Removed), "removed"}, {len(d.Changed), "changed"}} {
		if c.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", c.n, c.verb))
		}
	}
	return strings.Join(words, ", ")
}

// code is the lines with marks, what changed first.
func (d PartDifference) code() string {
	var lines []string
	for _, c := range []struct {
		mark  string
		lines []string
	}{{"~ ", d.Changed}, {"+ ", d.Added}, {"- ", d.Removed}} {
		for _, l := range c.lines {
			lines = append(lines, c.mark+cut(l, 160))
		}
	}
	if more := len(lines) - shown; more > 0 {
		lines = append(lines[:shown:shown], fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(lines, "\n")
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
