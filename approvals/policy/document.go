package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// names is a list of texts, or a single one.
type names []string

// UnmarshalYAML reads them.
func (l *names) UnmarshalYAML(n *yaml.Node) error {
	if n = resolve(n); n.Kind == yaml.ScalarNode {
		*l = names{n.Value}
		return nil
	}
	var all []string
	if err := n.Decode(&all); err != nil {
		return err
	}
	*l = all
	return nil
}

// expression is a condition.
type expression string

// UnmarshalYAML reads it. YAML takes !undo for a tag and would leave nothing of the condition, so that the rule
// were about everything.
func (e *expression) UnmarshalYAML(n *yaml.Node) error {
	n = resolve(n)
	if tag := n.ShortTag(); n.Style&yaml.TaggedStyle != 0 && tag != "!!str" {
		return wrong(n, fmt.Errorf("YAML takes %s for a tag and not for the condition; put the condition in quotes", tag))
	}
	return n.Decode((*string)(e))
}

// globs is one pattern, or a list of them.
type globs Globs

// UnmarshalYAML reads them.
func (g *globs) UnmarshalYAML(n *yaml.Node) error {
	var all names
	if err := all.UnmarshalYAML(n); err != nil {
		return err
	}
	for _, pattern := range all {
		if strings.Contains(pattern, "\n") || pattern == "" && len(all) > 1 {
			return wrong(n, fmt.Errorf("%q is not a pattern", pattern))
		}
	}
	*g = globs(strings.Join(all, "\n"))
	return nil
}

// handle is the handle of a user group, with or without an @ before it.
type handle string

// UnmarshalYAML reads it.
func (h *handle) UnmarshalYAML(n *yaml.Node) error {
	var s string
	if err := n.Decode(&s); err != nil {
		return err
	}
	*h = handle(strings.TrimPrefix(s, "@"))
	return nil
}

// handles is a list of handles, or a single one.
type handles []string

// UnmarshalYAML reads them.
func (h *handles) UnmarshalYAML(n *yaml.Node) error {
	var all names
	if err := all.UnmarshalYAML(n); err != nil {
		return err
	}
	*h = nil
	for _, s := range all {
		*h = append(*h, strings.TrimPrefix(s, "@"))
	}
	return nil
}

// requireDoc is who must agree.
type requireDoc struct {
	All []needDoc `yaml:"all"`
}

// needDoc is one need: {group: sre, min: 1}, {any_of: [owners, leads], min: 2} or {anyone: true}. The name of a
// group alone is a need for one of its members.
type needDoc struct {
	Group  handle  `yaml:"group"`
	AnyOf  handles `yaml:"any_of"`
	Anyone bool    `yaml:"anyone"`
	Min    *int    `yaml:"min"`
}

type plainNeed needDoc

// UnmarshalYAML reads a need; it says who, in one way.
func (d *needDoc) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return d.Group.UnmarshalYAML(n)
	}
	if err := Strict(n, (*plainNeed)(d)); err != nil {
		return err
	}
	ways := 0
	for _, given := range []bool{d.Group != "", len(d.AnyOf) > 0, d.Anyone} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return wrong(n, errors.New("a need is one of {group: sre, min: 1}, {any_of: [owners, leads], min: 1} and {anyone: true, min: 1}"))
	}
	return nil
}

func (d needDoc) need() ledger.Need {
	need := ledger.Need{Min: 1, Groups: d.AnyOf}
	if d.Group != "" {
		need.Groups = []string{string(d.Group)}
	}
	if d.Min != nil {
		need.Min = *d.Min
	}
	return need
}

// needsOf is never nil: a list that names nobody is not the same as no list.
func needsOf(docs []needDoc) []ledger.Need {
	all := make([]ledger.Need, len(docs))
	for i, d := range docs {
		all[i] = d.need()
	}
	return all
}

// glassDoc is who may break it.
type glassDoc struct {
	From   handles  `yaml:"from"`
	Review needDocs `yaml:"review"`
}

// needDocs is a list of needs, or a single one.
type needDocs []needDoc

// UnmarshalYAML reads them.
func (d *needDocs) UnmarshalYAML(n *yaml.Node) error {
	if n = resolve(n); n.Kind == yaml.SequenceNode {
		return Strict(n, (*[]needDoc)(d))
	}
	var one needDoc
	if err := one.UnmarshalYAML(n); err != nil {
		return err
	}
	*d = needDocs{one}
	return nil
}

func (d *glassDoc) glass() *Glass {
	if d == nil {
		return nil
	}
	return &Glass{From: d.From, Review: needsOf(d.Review)}
}

// moments are points in a request's time: "50%" or a duration.
type moments []Moment

// UnmarshalYAML reads them.
func (l *moments) UnmarshalYAML(n *yaml.Node) error {
	var all names
	if err := all.UnmarshalYAML(n); err != nil {
		return err
	}
	*l = moments{}
	for _, s := range all {
		m, err := parseMoment(s)
		if err != nil {
			return wrong(n, err)
		}
		*l = append(*l, m)
	}
	return nil
}

func parseMoment(s string) (Moment, error) {
	if digits, ok := strings.CutSuffix(s, "%"); ok {
		if percent, err := strconv.Atoi(digits); err == nil && percent > 0 && percent < 100 {
			return Moment{Percent: percent}, nil
		}
		return Moment{}, fmt.Errorf("%q is not between 1%% and 99%%", s)
	}
	after, err := ParseDuration(s)
	if err != nil || after <= 0 {
		return Moment{}, fmt.Errorf("%q is neither a share such as 50%% nor a duration such as 30m", s)
	}
	return Moment{After: after}, nil
}

// windowDoc is a window or a blackout.
type windowDoc struct {
	Days     days   `yaml:"days"`
	From     string `yaml:"from"`
	To       string `yaml:"to"`
	Zone     string `yaml:"zone"`
	Calendar string `yaml:"calendar"`
}

func windowsOf(docs []windowDoc) []Window {
	var all []Window
	for _, d := range docs {
		all = append(all, Window{Days: d.Days, From: d.From, To: d.To, Zone: d.Zone, Calendar: d.Calendar})
	}
	return all
}

// days is "mon-fri, sun" or a list of such.
type days []time.Weekday

// UnmarshalYAML reads them.
func (d *days) UnmarshalYAML(n *yaml.Node) error {
	var all names
	if err := all.UnmarshalYAML(n); err != nil {
		return err
	}
	parsed, err := parseDays(strings.Join(all, ","))
	if err != nil {
		return wrong(n, err)
	}
	*d = parsed
	return nil
}
