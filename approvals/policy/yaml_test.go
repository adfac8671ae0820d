package policy

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestUnknownFieldsAreErrorsWhereverTheyStand(t *testing.T) {
	for text, want := range map[string]string{
		"- {aprovals: 1}":                                            `line 1: there is no field "aprovals" here`,
		"rules: []\nrule: []":                                        `line 2: there is no field "rule" here; there are: calendars, include, rules, security_channel`,
		"rules:\n- windows:\n  - {day: mon}":                         `line 3: there is no field "day" here`,
		"rules:\n- blackouts: [{calender: x}]":                       `"calender"`,
		"rules:\n- require: {any: []}":                               `"any"`,
		"rules:\n- require:\n    all:\n    - {group: a, minimum: 1}": `line 4: there is no field "minimum"`,
		"rules:\n- break_glass: {by: [a]}":                           `"by"`,
		"rules:\n- break_glass: {from: a, review: {grup: b}}":        `"grup"`,
		"rules:\n- break_glass: {from: a, review: [{grup: b}]}":      `"grup"`,
		"calendars: [{name: a, path: b}]":                            `"path"`,
		"x: &a {nme: b}\nrules: [{<<: *a}]":                          `line 1: there is no field "nme"`,
		"rules:\n- name: a\n  name: b":                               "already defined",
		"rules: [3]":                                                 "a rule is a mapping",
		"rules: {a: b}":                                              "line 1",
		"- {valid_for: soon}":                                        `line 1: "soon" is not a duration such as 90m, 12h or 30d`,
		"- {valid_for: -1d}":                                         "is not a duration",
		"- {undo_within: [1h]}":                                      "is not a duration",
		"- {remind_at: [100%]}":                                      "is not between 1% and 99%",
		"- {remind_at: [soon]}":                                      "neither a share",
		"- {windows: [{days: someday}]}":                             `"someday" is not a day`,
		"- {approvals: many}":                                        "line 1",
		"- {require: {all: [{min: 2}]}}":                             "a need is one of",
		"- {require: {all: [{group: a, anyone: true}]}}":             "a need is one of",
		"- {target: [a, '']}":                                        "is not a pattern",
		"- when: !undo":                                              "line 1: YAML takes !undo for a tag and not for the condition; put the condition in quotes",
		"- when: !undo == irreversible":                              "YAML takes !undo for a tag",
		"- when: !!undo true":                                        "YAML takes !!undo for a tag",
		"- when: [undo]":                                             "line 1",
	} {
		var p Policy
		err := yaml.Unmarshal([]byte(text), &p)
		var wrong *yaml.TypeError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &wrong) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestEveryWrongLineIsReportedAtOnce(t *testing.T) {
	var p Policy
	err := yaml.Unmarshal([]byte("rules:\n- {aprovals: 1, valid_for: soon}\n- {windows: [{days: x}], frm: a}\ninclud: x\n"), &p)
	for _, want := range []string{"line 2: there is no field \"aprovals\"", "line 2: \"soon\"", "line 3: \"x\"", "line 3: there is no field \"frm\"", "line 4: there is no field \"includ\""} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestEveryProblemOfTheRulesIsReportedAtOnce(t *testing.T) {
	var p Policy
	if err := yaml.Unmarshal([]byte(`
calendars: [{name: a}, {name: a, file: x, url: "ftp://x", refresh: 1s}, {file: y}]
rules:
- {name: bad, target: "[a", tags: {x: "[b"}, approvals: 21, valid_for: 800h, undo_within: -1h, when: "1", by: ["a b"], notify: ["<!here>"]}
- {name: bad, from: "a@b", remind_at: [5h, 0.5h]}
- {refuse: "No.", approvals: 1}
- {require: {all: []}}
- {require: {all: [a]}, from: b}
- {require: {all: [{group: a, min: 0}, {group: b, min: 12}, {group: c, min: 12}]}}
- {name: glass, approvals: 0, break_glass: {review: {group: x, min: 21}}}
- {windows: [{}, {zone: Mars/Olympus, days: mon}, {from: "09:00"}, {from: "9h", to: "25:00"}, {from: "9:00", to: "9:00"}, {calendar: b}, {calendar: a, days: mon}]}
- {blackouts: [{zone: Local, from: "01:00", to: "02:00"}]}
`), &p); err != nil {
		t.Fatal(err)
	}
	err := p.Validate()
	if err == nil {
		t.Fatal("got no error, want many")
	}
	for _, want := range []string{
		"policy: rule 1 (bad, line 4): target: \"[a\" is not a pattern", "tags: x: \"[b\"", "approvals: 21 is not between", "valid_for: 800h0m0s is not between", "undo_within: -1h0m0s", "when: it gives int where it must give true or false", `by: "a b" is not the handle`, `notify: "<!here>"`,
		"rule 2 (bad, line 5): name: rule 1 has it already", `from: "a@b"`, "remind_at: 5h0m0s is not within",
		"rule 3 (rule 3, line 6): refuse: it refuses", "rule 4 (rule 4, line 7): require: it names nobody", "rule 5 (rule 5, line 8): require: approvals and from say the same",
		"require: number 1: min: 0 is not between 1 and 20", "require: 24 people are more than 20",
		"rule 7 (glass, line 10): break_glass: from: it names no group", "break_glass: it starts at once anyway", "break_glass: review: number 1: min: 21",
		"security_channel: it is missing, and rule 7 (glass, line 10)",
		"windows: number 1: it says neither days nor hours nor a calendar", `windows: number 2: there is no time zone "Mars/Olympus"`, "windows: number 3: from and to go together", `number 4: "9h" is not a time of day such as 09:30; "25:00"`, "number 5: from and to are both 9:00", `number 6: there is no calendar "b"`, "number 7: a calendar says by itself",
		"blackouts: number 1: the time zone Local",
		"calendar 1 (a): it comes from either", "calendar 2 (a): the name is taken", "calendar 2 (a): url: it must begin with https", "calendar 2 (a): refresh: 1s", "calendar 3 (): it has no name",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got\n%v\nwant %q in it", err, want)
		}
	}
	if (Policy{}).Validate() == nil {
		t.Error("got no error for an empty policy, want one")
	}
}

func TestIncludedFilesComeAfterTheFilesOwnRules(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("teams/b.yaml", "- {name: b}")
	write("teams/a.yaml", "rules: [{name: a, blackouts: [{calendar: c}]}]\ncalendars: [{name: c, file: c.ics}]")
	write("last.yaml", "- {name: last}\n")
	write("bad/empty.yaml", "")
	write("bad/two.yaml", "- {name: x}\n---\n- {name: y}\n")
	write("bad/field.yaml", "- {name: x}\n- {nam: y}\n")
	write("bad/more.yaml", "include: [b.yaml]\n")
	write("bad/big.yaml", strings.Repeat("# full\n", 200000))

	var p Policy
	if err := yaml.Unmarshal([]byte("include: [last.yaml, 'teams/*.yaml', 'teams/a.yaml']\ncalendars: [{name: own, file: own.ics}]\nrules: [{name: first}]"), &p); err != nil {
		t.Fatal(err)
	}
	whole, err := p.Included(dir)
	if err != nil || whole.Validate() != nil {
		t.Fatal(err, whole.Validate())
	}
	var names []string
	for _, r := range whole.Rules {
		names = append(names, r.Name)
	}
	if want := []string{"first", "last", "a", "b"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if got := whole.Place(2); got != "rule 3 (a, teams/a.yaml, line 1)" {
		t.Errorf("got %q, want the file and the line", got)
	}
	if c := whole.Calendars; len(c) != 2 || c[0].Folder != dir || c[0].File != "own.ics" || c[1].File != "teams/c.ics" {
		t.Errorf("got %+v, want paths relative to the policy's folder", c)
	}
	flat := read(t, "calendars: [{name: c, file: teams/c.ics}, {name: own, file: own.ics}]\nrules: [{name: first}, {name: last}, {name: a, blackouts: [{calendar: c}]}, {name: b}]")
	if whole.Hash() != flat.Hash() {
		t.Error("got another hash than the same in one file, want the same")
	}

	if err := yaml.Unmarshal([]byte("include: [bad/*.yaml, nowhere.yaml, '[', 'none/*.yaml']\nrules: [{name: first}]"), &p); err != nil {
		t.Fatal(err)
	}
	_, err = p.Included(dir)
	for _, want := range []string{"bad/empty.yaml: it is empty", "bad/two.yaml: it holds more than one", `bad/field.yaml: line 2: there is no field "nam"`, "bad/more.yaml: include and security_channel belong", "big.yaml is over", "nowhere.yaml", `"[" is not a pattern`, "none/*.yaml"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDurationsTakeDays(t *testing.T) {
	for s, want := range map[string]string{"90m": "1h30m0s", "2d": "48h0m0s", "1d12h": "36h0m0s", "0d": "0s", "0s": "0s"} {
		if got, err := ParseDuration(s); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "-1d", "1.5d", "1d-2h", "1d2d", "99999999d", "1"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("%q: got %s, want an error", s, got)
		}
	}
}
