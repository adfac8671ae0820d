package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/amiral-ops/amiral/approvals/policy/calendar"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Hash is the policy's fingerprint: the same for the same meaning, however it is written, split into files,
// ordered within a rule or commented; another for any other. It covers where calendars come from, and not what
// stands in them.
func (p Policy) Hash() string {
	raw, err := json.Marshal(p.meaning())
	if err != nil { // of strings, numbers and maps of them: it cannot fail
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Short is the part of the fingerprint that people are shown.
func (p Policy) Short() string { return p.Hash()[:8] }

// meaning is what a policy says, in one way only. Its fields are encoded in their order, its maps sorted.
type meaning struct {
	Version         int // of this encoding
	Rules           []ruleMeaning
	Calendars       []calendar.Source
	SecurityChannel string
}

type ruleMeaning struct {
	Name                                  string
	Kind, Environment, Target             []string
	Tags                                  map[string]string
	By                                    []string
	When, Refuse                          string
	Needs                                 []ledger.Need
	ValidFor                              time.Duration
	Remind                                []time.Duration
	Request, Deny, Cancel, Extend, Notify []string
	Glass                                 *Glass
	Windows, Blackouts                    []Window
	Undo                                  time.Duration
}

func (p Policy) meaning() meaning {
	m := meaning{Version: 1, SecurityChannel: p.SecurityChannel, Rules: []ruleMeaning{}, Calendars: []calendar.Source{}}
	for i, r := range p.Rules {
		m.Rules = append(m.Rules, r.meaning(i))
	}
	m.Calendars = append(m.Calendars, p.Calendars...)
	for i, c := range m.Calendars {
		m.Calendars[i].Folder = ""
		if c.Refresh == 0 {
			m.Calendars[i].Refresh = calendar.DefaultRefresh
		}
	}
	slices.SortFunc(m.Calendars, func(a, b calendar.Source) int { return cmp.Compare(a.Name, b.Name) })
	return m
}

func (r Rule) meaning(index int) ruleMeaning {
	m := ruleMeaning{
		Name: r.title(index), Kind: set(r.Kind.All()), Environment: set(r.Environment.All()), Target: set(r.Target.All()),
		Tags: r.Tags, By: set(r.By), When: r.canonical(), Refuse: r.Refuse,
		Needs: slices.Clone(r.needs()), ValidFor: r.validity(), Remind: r.reminders(),
		Request: set(r.WhoMayRequest), Deny: set(r.WhoMayDeny), Cancel: set(r.WhoMayCancel), Extend: set(r.WhoMayExtend),
		Notify: set(r.Notify), Windows: windowMeanings(r.Windows), Blackouts: windowMeanings(r.Blackouts), Undo: r.undo(),
	}
	if len(m.Tags) == 0 {
		m.Tags = nil
	}
	sortGroups(m.Needs)
	if g := r.glass(); g != nil {
		g.From = set(g.From)
		sortGroups(g.Review)
		m.Glass = g
	}
	return m
}

// canonical is the condition without the accidents of writing; one that does not compile stands for itself.
func (r Rule) canonical() string {
	c, err := r.compiled()
	if err != nil || c == nil {
		return r.When
	}
	return c.canonical
}

// sortGroups puts the groups of each need in order; the order of the needs themselves is how they are shown.
func sortGroups(needs []ledger.Need) {
	for i, n := range needs {
		needs[i].Groups = set(n.Groups)
	}
}

func windowMeanings(windows []Window) []Window {
	all := make([]Window, len(windows))
	for i, w := range windows {
		all[i] = w.meaning()
	}
	return all
}

// meaning is the window with its defaults, and its hours written in one way.
func (w Window) meaning() Window {
	if w.Calendar != "" {
		return Window{Calendar: w.Calendar}
	}
	m := Window{Days: sortDays(w.Days), Zone: w.Zone}
	if len(m.Days) == 7 {
		m.Days = nil
	}
	if m.Zone == "" {
		m.Zone = "UTC"
	}
	if from, to, err := w.hours(); err == nil {
		m.From, m.To = from.String(), to.String()
	}
	return m
}

// set is the elements in order, each once; never nil, so that none is written in one way.
func set(all []string) []string {
	s := slices.Clone(all)
	slices.Sort(s)
	return append([]string{}, slices.Compact(s)...)
}
