package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/internal/ledger"
)

const (
	maxValidity = 7 * 24 * time.Hour // how long an approval may lie around
	maxPeople   = 20                 // whom one rule may ask for
	minRefresh  = 10 * time.Second   // between two looks at a calendar
)

// Validate reports every problem of the policy at once.
func (p Policy) Validate() error {
	var errs []error
	if len(p.Rules) == 0 {
		errs = append(errs, errors.New("policy: there is no rule, so every change would be refused; add at least one"))
	}
	names, calendars := map[string]int{}, p.calendarNames()
	for i, r := range p.Rules {
		problems := r.problems(calendars)
		if first, taken := names[r.title(i)]; taken {
			problems = append(problems, fmt.Sprintf("name: rule %d has it already", first+1))
		} else {
			names[r.title(i)] = i
		}
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("policy: %s: %s", r.place(i), problem))
		}
	}
	return errors.Join(append(errs, p.sourceProblems()...)...)
}

// place says which rule it is, and where it stands.
func (r Rule) place(i int) string {
	if r.where == "" {
		return fmt.Sprintf("rule %d (%s)", i+1, r.title(i))
	}
	return fmt.Sprintf("rule %d (%s, %s)", i+1, r.title(i), r.where)
}

// Place says where the rule of that number stands, for those who report problems of their own.
func (p Policy) Place(i int) string { return p.Rules[i].place(i) }

func (p Policy) calendarNames() []string {
	var all []string
	for _, c := range p.Calendars {
		all = append(all, c.Name)
	}
	return all
}

// sourceProblems are what is wrong beside the rules.
func (p Policy) sourceProblems() []error {
	var errs []error
	for i, c := range p.Calendars {
		for _, problem := range sourceProblems(c, p.calendarNames()[:i]) {
			errs = append(errs, fmt.Errorf("policy: calendar %d (%s): %s", i+1, c.Name, problem))
		}
	}
	if p.SecurityChannel == "" {
		for i, r := range p.Rules {
			if r.BreakGlass != nil {
				return append(errs, fmt.Errorf("policy: security_channel: it is missing, and %s lets people break the glass, which it must be told of", r.place(i)))
			}
		}
	}
	return errs
}

func sourceProblems(c calendar.Source, before []string) []string {
	var all []string
	if c.Name == "" {
		all = append(all, "it has no name")
	}
	if slices.Contains(before, c.Name) {
		all = append(all, "the name is taken already")
	}
	if (c.File == "") == (c.URL == "") {
		all = append(all, "it comes from either a file or a url")
	}
	if err := calendar.CheckURL(c.URL); c.URL != "" && err != nil {
		all = append(all, "url: "+err.Error())
	}
	if c.Refresh != 0 && c.Refresh < minRefresh {
		all = append(all, fmt.Sprintf("refresh: %s is under %s", c.Refresh, minRefresh))
	}
	return all
}

// problems are what is wrong with a rule by itself.
func (r Rule) problems(calendars []string) []string {
	all := slices.Concat(r.matchProblems(), r.askProblems(), r.timeProblems(), r.groupProblems())
	for field, windows := range map[string][]Window{"windows": r.Windows, "blackouts": r.Blackouts} {
		for i, w := range windows {
			for _, problem := range w.problems(calendars) {
				all = append(all, fmt.Sprintf("%s: number %d: %s", field, i+1, problem))
			}
		}
	}
	slices.Sort(all)
	return all
}

func (r Rule) matchProblems() []string {
	var all []string
	check := func(field, pattern string) {
		if err := checkGlob(pattern); err != nil {
			all = append(all, fmt.Sprintf("%s: %s", field, err))
		}
	}
	for field, globs := range map[string]Globs{"kind": r.Kind, "environment": r.Environment, "target": r.Target} {
		for _, pattern := range globs.All() {
			check(field, pattern)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
		check("tags: "+name, r.Tags[name])
	}
	if _, err := r.compiled(); err != nil {
		all = append(all, "when: "+strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n    "))
	}
	return all
}

// askProblems are about who must agree: it is said once.
func (r Rule) askProblems() []string {
	var all []string
	short := r.Approvals != nil || r.From != ""
	if r.Refuse != "" && (short || r.Require != nil || r.BreakGlass != nil || len(r.WhoMayRequest) > 0 || len(r.Windows)+len(r.Blackouts) > 0) {
		all = append(all, "refuse: it refuses, so nothing else that it asks for counts; leave out one or the other")
	}
	if r.Require != nil && short {
		all = append(all, "require: approvals and from say the same in short; leave out one or the other")
	}
	if r.Require != nil && len(r.Require) == 0 {
		all = append(all, "require: it names nobody under all; `approvals: 0` lets it start at once")
	}
	if r.Approvals != nil && (*r.Approvals < 0 || *r.Approvals > maxPeople) {
		all = append(all, fmt.Sprintf("approvals: %d is not between 0 and %d", *r.Approvals, maxPeople))
	}
	all = append(all, needProblems("require", r.Require)...)
	if r.BreakGlass != nil {
		if len(r.BreakGlass.From) == 0 {
			all = append(all, "break_glass: from: it names no group that may")
		}
		if len(r.needs()) == 0 {
			all = append(all, "break_glass: it starts at once anyway; there is no glass to break")
		}
		all = append(all, needProblems("break_glass: review", r.BreakGlass.Review)...)
	}
	return all
}

func needProblems(field string, needs []ledger.Need) []string {
	var all []string
	people := 0
	for i, n := range needs {
		if n.Min < 1 || n.Min > maxPeople {
			all = append(all, fmt.Sprintf("%s: number %d: min: %d is not between 1 and %d", field, i+1, n.Min, maxPeople))
			continue
		}
		people += n.Min
	}
	if people > maxPeople {
		all = append(all, fmt.Sprintf("%s: %d people are more than %d", field, people, maxPeople))
	}
	return all
}

func (r Rule) timeProblems() []string {
	var all []string
	if r.ValidFor < 0 || r.ValidFor > maxValidity {
		all = append(all, fmt.Sprintf("valid_for: %s is not between 0 and %s", r.ValidFor, maxValidity))
	} else {
		for _, m := range r.RemindAt {
			if m.of(r.validity()) >= r.validity() || m.of(r.validity()) <= 0 {
				all = append(all, fmt.Sprintf("remind_at: %s is not within the %s for which votes are taken", m, r.validity()))
			}
		}
	}
	if r.undo() < 0 {
		all = append(all, fmt.Sprintf("undo_within: %s is below 0", r.undo()))
	}
	return all
}

// handlePattern is what a handle may look like: as Slack writes it, and so that it can stand in a sentence.
var handlePattern = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]*$`)

func (r Rule) groupProblems() []string {
	var all []string
	fields := map[string][]string{
		"by": r.By, "who_may_request": r.WhoMayRequest, "who_may_deny": r.WhoMayDeny, "who_may_cancel": r.WhoMayCancel,
		"who_may_extend": r.WhoMayExtend, "notify": r.Notify, "require": fromGroups(r.Require),
	}
	if r.From != "" {
		fields["from"] = []string{r.From}
	}
	if r.BreakGlass != nil {
		fields["break_glass"] = append(fromGroups(r.BreakGlass.Review), r.BreakGlass.From...)
	}
	for field, groups := range fields {
		for _, g := range groups {
			if err := CheckHandle(g); err != nil {
				all = append(all, fmt.Sprintf("%s: %s", field, err))
			}
		}
	}
	return all
}

// CheckHandle says why a text cannot be the handle of a user group.
func CheckHandle(s string) error {
	if !handlePattern.MatchString(s) {
		return fmt.Errorf("%q is not the handle of a user group, such as sre", s)
	}
	return nil
}
