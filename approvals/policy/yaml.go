package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
)

// UnmarshalYAML reads a policy: a mapping, or a plain list of rules. What it includes is named and not yet read;
// see Included. Every wrong line is reported at once.
func (p *Policy) UnmarshalYAML(n *yaml.Node) error {
	return p.read(n, "")
}

// read reads the policy of one file; the name is for problems, empty for the one that everything begins with.
func (p *Policy) read(n *yaml.Node, file string) error {
	var d document
	var err error
	if list := resolve(n); list.Kind == yaml.SequenceNode {
		err = Strict(n, &d.Rules)
	} else {
		err = Strict(n, &d)
	}
	p.Include, p.SecurityChannel = d.Include, d.SecurityChannel
	for _, c := range d.Calendars {
		p.Calendars = append(p.Calendars, calendar.Source{Name: c.Name, File: c.File, URL: c.URL, Refresh: time.Duration(c.Refresh)})
	}
	for _, r := range d.Rules {
		p.Rules = append(p.Rules, r.rule(file))
		err = both(err, r.wrong)
	}
	return err
}

// both joins what is wrong with two parts of a file, as the library does.
func both(a, b error) error {
	var one, other *yaml.TypeError
	if a == nil {
		return b
	}
	if !errors.As(a, &one) || !errors.As(b, &other) {
		return a
	}
	return &yaml.TypeError{Errors: slices.Concat(one.Errors, other.Errors)}
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode || n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		if n.Kind == yaml.DocumentNode {
			n = n.Content[0]
			continue
		}
		n = n.Alias
	}
	return n
}

// document is a policy as it stands in a file.
type document struct {
	Include         names         `yaml:"include"`
	Calendars       []calendarDoc `yaml:"calendars"`
	SecurityChannel string        `yaml:"security_channel"`
	Rules           []ruleDoc     `yaml:"rules"`
}

type calendarDoc struct {
	Name    string   `yaml:"name"`
	File    string   `yaml:"file"`
	URL     string   `yaml:"url"`
	Refresh Duration `yaml:"refresh"`
}

// ruleDoc is a rule as it stands in a file.
type ruleDoc struct {
	line  int
	wrong error // a wrong rule stays in the list, so that those after it keep their numbers

	Name        string            `yaml:"name"`
	Kind        globs             `yaml:"kind"`
	Environment globs             `yaml:"environment"`
	Target      globs             `yaml:"target"`
	Tags        map[string]string `yaml:"tags"`
	By          handles           `yaml:"by"`
	When        expression        `yaml:"when"`

	Refuse    string      `yaml:"refuse"`
	Require   *requireDoc `yaml:"require"`
	Approvals *int        `yaml:"approvals"`
	From      handle      `yaml:"from"`

	ValidFor      Duration    `yaml:"valid_for"`
	RemindAt      *moments    `yaml:"remind_at"`
	WhoMayRequest handles     `yaml:"who_may_request"`
	WhoMayDeny    handles     `yaml:"who_may_deny"`
	WhoMayCancel  handles     `yaml:"who_may_cancel"`
	WhoMayExtend  handles     `yaml:"who_may_extend"`
	Notify        handles     `yaml:"notify"`
	BreakGlass    *glassDoc   `yaml:"break_glass"`
	Windows       []windowDoc `yaml:"windows"`
	Blackouts     []windowDoc `yaml:"blackouts"`
	UndoWithin    *Duration   `yaml:"undo_within"`
}

// plainRule is a ruleDoc that the library reads by its fields.
type plainRule ruleDoc

// UnmarshalYAML reads a rule and keeps its line, and what is wrong with it.
func (d *ruleDoc) UnmarshalYAML(n *yaml.Node) error {
	d.line = n.Line
	if n.Kind != yaml.MappingNode {
		d.wrong = wrong(n, errors.New("a rule is a mapping such as {kind: rollout, from: sre}"))
		return nil
	}
	d.wrong = Strict(n, (*plainRule)(d))
	return nil
}

func (d ruleDoc) rule(file string) Rule {
	r := Rule{
		Name: d.Name, Kind: Globs(d.Kind), Environment: Globs(d.Environment), Target: Globs(d.Target), Tags: d.Tags,
		By: d.By, When: string(d.When), Refuse: d.Refuse, Approvals: d.Approvals, From: string(d.From),
		ValidFor:      time.Duration(d.ValidFor),
		WhoMayRequest: d.WhoMayRequest, WhoMayDeny: d.WhoMayDeny, WhoMayCancel: d.WhoMayCancel, WhoMayExtend: d.WhoMayExtend,
		Notify: d.Notify, BreakGlass: d.BreakGlass.glass(), Windows: windowsOf(d.Windows), Blackouts: windowsOf(d.Blackouts),
		where: fmt.Sprintf("line %d", d.line),
	}
	if file != "" {
		r.where = file + ", " + r.where
	}
	if d.Require != nil {
		r.Require = needsOf(d.Require.All)
	}
	if d.RemindAt != nil {
		r.RemindAt = append([]Moment{}, *d.RemindAt...)
	}
	if d.UndoWithin != nil {
		within := time.Duration(*d.UndoWithin)
		r.UndoWithin = &within
	}
	r.condition, _ = compile(string(d.When)) // Validate says what is wrong with it
	return r
}
