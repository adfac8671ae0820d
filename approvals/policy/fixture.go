package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/internal/ledger"
)

// Case is one line of a fixture: who asks for what, and what the policy shall say.
type Case struct {
	Name   string
	Line   int // of the file
	Facts  Facts
	Expect Expect
}

// Expect is what a case expects. What is empty is not looked at.
type Expect struct {
	Rule       string        // its name
	Outcome    string        // starts, needs or refused
	Needs      []ledger.Need // in whatever order
	BreakGlass string        // allowed or denied, for who asks
	Stays      *bool         // an approved request would be kept from starting at that time
}

// Result is what came of a case.
type Result struct {
	Case    Case
	Verdict Verdict
	Wrong   []string // "outcome: got refused, want needs"; none: it passed
}

// usual is the time of a case that names none: noon on a Monday, in UTC.
func usual() time.Time { return time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC) }

// fixture is a file of cases: a mapping with tests, or a plain list.
type fixture struct {
	Tests []caseDoc `yaml:"tests"`
}

type caseDoc struct {
	line  int
	wrong error

	Name   string    `yaml:"name"`
	Who    whoDoc    `yaml:"who"`
	What   whatDoc   `yaml:"what"`
	At     string    `yaml:"at"`
	Expect expectDoc `yaml:"expect"`
}

type plainCase caseDoc

type whoDoc struct {
	User   string  `yaml:"user"`
	Groups handles `yaml:"groups"`
}

type whatDoc struct {
	Kind         string            `yaml:"kind"`
	Environment  string            `yaml:"environment"`
	Target       string            `yaml:"target"`
	Tags         map[string]string `yaml:"tags"`
	Args         map[string]string `yaml:"args"`
	Instances    int               `yaml:"instances"`
	Percent      int               `yaml:"percent"`
	CapacityDown int               `yaml:"capacity_down"`
	DataLost     bool              `yaml:"data_lost"`
	Irreversible bool              `yaml:"irreversible"`
	Alarms       names             `yaml:"alarms"`
	Undo         bool              `yaml:"undo"`
	BreakGlass   bool              `yaml:"break_glass"`
}

type expectDoc struct {
	Rule       string    `yaml:"rule"`
	Outcome    string    `yaml:"outcome"`
	Needs      *needDocs `yaml:"needs"`
	BreakGlass string    `yaml:"break_glass"`
	Stays      *bool     `yaml:"stays"`
}

// UnmarshalYAML reads a case and keeps its line, and what is wrong with it.
func (d *caseDoc) UnmarshalYAML(n *yaml.Node) error {
	d.line = n.Line
	d.wrong = Strict(n, (*plainCase)(d))
	return nil
}

// ParseCases reads a fixture, and reports every problem of it at once.
func ParseCases(raw []byte) ([]Case, error) {
	var n yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(raw)).Decode(&n); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	var f fixture
	into := any(&f)
	if list := resolve(&n); list.Kind == yaml.SequenceNode {
		into = &f.Tests
	}
	err := Strict(resolve(&n), into)
	for _, d := range f.Tests {
		err = both(err, d.wrong)
	}
	if err != nil {
		return nil, Lines("", err)
	}
	if len(f.Tests) == 0 {
		return nil, errors.New("there is no test in the file")
	}
	cases := make([]Case, len(f.Tests))
	errs := make([]error, len(f.Tests))
	for i, d := range f.Tests {
		cases[i], errs[i] = d.made(i)
	}
	return cases, errors.Join(errs...)
}

func (d caseDoc) made(index int) (Case, error) {
	c := Case{Name: d.Name, Line: d.line, Facts: d.facts(), Expect: Expect{
		Rule: d.Expect.Rule, Outcome: d.Expect.Outcome, BreakGlass: d.Expect.BreakGlass, Stays: d.Expect.Stays,
	}}
	if c.Name == "" {
		c.Name = fmt.Sprintf("test %d", index+1)
	}
	if d.Expect.Needs != nil {
		c.Expect.Needs = needsOf(*d.Expect.Needs)
	}
	var errs []error
	say := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("line %d: %s: %w", d.line, c.Name, fmt.Errorf(format, args...)))
	}
	if d.At != "" {
		at, err := time.Parse(time.RFC3339, d.At)
		if err != nil {
			say("at: %q is not a time such as 2026-03-02T10:00:00+01:00", d.At)
		}
		c.Facts.At = at
	}
	if !slices.Contains([]string{"", "starts", "needs", "refused"}, d.Expect.Outcome) {
		say("expect: outcome: %q is none of starts, needs, refused", d.Expect.Outcome)
	}
	if !slices.Contains([]string{"", "allowed", "denied"}, d.Expect.BreakGlass) {
		say("expect: break_glass: %q is none of allowed, denied", d.Expect.BreakGlass)
	}
	if d.Expect == (expectDoc{}) {
		say("expect: it expects nothing")
	}
	return c, errors.Join(errs...)
}

func (d caseDoc) facts() Facts {
	w := d.What
	return Facts{
		Kind: w.Kind, Environment: w.Environment, Target: w.Target, Tags: w.Tags, Args: w.Args,
		Blast: Blast{
			Instances: w.Instances, Percent: w.Percent, CapacityDown: w.CapacityDown,
			DataLost: w.DataLost, Irreversible: w.Irreversible, Alarms: w.Alarms,
		},
		User: d.Who.User, Groups: d.Who.Groups, Undo: w.Undo, BreakGlass: w.BreakGlass, At: usual(),
	}
}

// Test judges every case.
func (p Policy) Test(cases []Case) []Result {
	all := make([]Result, len(cases))
	for i, c := range cases {
		all[i] = p.test(c)
	}
	return all
}

func (p Policy) test(c Case) Result {
	v := p.Judge(c.Facts)
	r := Result{Case: c, Verdict: v}
	compare := func(field, got, want string) {
		if want != "" && got != want {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s: got %s, want %s", field, orNone(got), want))
		}
	}
	compare("rule", v.Rule.Name, c.Expect.Rule)
	compare("outcome", v.outcome(), c.Expect.Outcome)
	if c.Expect.Needs != nil && !sameNeeds(v.Rule.Needs, c.Expect.Needs) {
		compare("needs", Describe(v.Rule.Needs), Describe(c.Expect.Needs))
	}
	compare("break_glass", v.glassFor(c.Facts.Groups), c.Expect.BreakGlass)
	if want := c.Expect.Stays; want != nil {
		if stay := p.Stay(c.Facts, c.Facts.At); stay.Until.IsZero() == *want {
			r.Wrong = append(r.Wrong, strings.TrimSpace(fmt.Sprintf("stays: got %t, want %t. %s", !*want, *want, stay.Why)))
		}
	}
	return r
}

// outcome is the verdict in a word.
func (v Verdict) outcome() string {
	switch {
	case v.Refused != "":
		return "refused"
	case len(v.Rule.Needs) == 0:
		return "starts"
	}
	return "needs"
}

// glassFor says whether a member of these groups may break the glass.
func (v Verdict) glassFor(groups []string) string {
	if v.Glass != nil && meet(v.Glass.From, groups) {
		return "allowed"
	}
	return "denied"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
