package policy

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestConditionsSeeTheFacts(t *testing.T) {
	f := Facts{
		Kind: "rollout", Environment: "production", Target: "web-1", Tags: map[string]string{"tier": "gold"}, Args: map[string]string{"strategy": "rolling", "max-unhealthy": "2"},
		Blast: Blast{Instances: 12, Percent: 40, CapacityDown: 10, DataLost: true, Alarms: []string{"web-5xx"}},
		User:  "U1", Groups: []string{"sre"}, BreakGlass: true, At: time.Date(2026, 3, 2, 23, 30, 0, 0, time.UTC), // Tuesday 00:30 in Berlin
	}
	for when, why := range map[string]string{
		`kind == "rollout"`:                    "kind rollout",
		`environment != "staging"`:             `environment production, not "staging"`,
		`target.startsWith("web")`:             `target web-1 startsWith "web"`,
		`instances > 10 && percent >= 40`:      "12 instances > 10, 40 % touched >= 40",
		`percent > 90 || capacity_down > 5`:    "10 % less capacity > 5",
		`data_lost && !irreversible`:           "data is lost, it can be taken back",
		`!(undo || irreversible)`:              "it takes nothing back; it can be taken back",
		`break_glass`:                          "the glass is broken",
		`size(alarms) > 0`:                     "1 open alarm (web-5xx) > 0",
		`alarms.exists(a, a.endsWith("5xx"))`:  `alarms.exists(a, a.endsWith("5xx"))`,
		`"sre" in groups`:                      `"sre" in groups`,
		`user in ["U1", "U2"]`:                 `user U1 in ["U1", "U2"]`,
		`tags.tier == "gold"`:                  `tag tier "gold"`,
		`tags.missing == ""`:                   `tag missing ""`,
		`tags["tier"] != "lead"`:               `tag tier "gold", not "lead"`,
		`has(tags.tier) && !has(tags.missing)`: `has(tags.tier), not so: has(tags.missing)`,
		`alarms.size() < 2`:                    "1 open alarm (web-5xx) < 2",
		`(undo || data_lost) && (percent > 30 && !(kind == "freeze" || undo))`: `data is lost, 40 % touched > 30, kind rollout, not "freeze"; it takes nothing back`,
		`undo || user in ["U1", "U2"]`:                                         `user U1 in ["U1", "U2"]`,
		`undo || target.matches("^web")`:                                       `target web-1 matches "^web"`,
		`undo || hour("UTC") == 23`:                                            `hour("UTC") == 23`,
		`undo || tags.tier == "gold"`:                                          `tag tier "gold"`,
		`undo || alarms.exists(a, a == "web-5xx")`:                             `alarms.exists(a, a == "web-5xx")`,
		`undo || size(alarms) > 0`:                                             "1 open alarm (web-5xx) > 0",
		`undo || data_lost`:                                                    "data is lost",
		`undo || !irreversible`:                                                "it can be taken back",
		`undo || (data_lost && percent > 3)`:                                   "data is lost, 40 % touched > 3",
		`undo || (irreversible || break_glass) && true`:                        "the glass is broken, true",
		`undo ? false : instances > 3`:                                         "undo ? false : (instances > 3)",
		`instances > 10.5`:                                                     "12 instances > 10.5",
		`instances < percent`:                                                  "instances < percent",
		`percent > -1`:                                                         "40 % touched > -1",
		`target.matches("^web-[0-9]+$")`:                                       `target web-1 matches "^web-[0-9]+$"`,
		`at.getHours("Asia/Kolkata") == 5`:                                     `at.getHours("Asia/Kolkata") == 5`,
		`at.getHours("+02:00") == 1`:                                           `at.getHours("+02:00") == 1`,
		`int(args["max-unhealthy"]) > 9 || undo || target == "web-1"`:          "target web-1",
		`args["max-unhealthy"] == "2"`:                                         `max-unhealthy "2"`,
		`int(args["max-unhealthy"]) > 1`:                                       `int(args["max-unhealthy"]) > 1`,
		`hour("UTC") == 23`:                                                    `hour("UTC") == 23`,
		`minute("Asia/Kolkata") == 0`:                                          `minute("Asia/Kolkata") == 0`,
		`hour("Europe/Berlin") == 0`:                                           `hour("Europe/Berlin") == 0`,
		`weekday("Europe/Berlin") == "Tue"`:                                    `weekday("Europe/Berlin") == "Tue"`,
		`between("UTC", "22:00", "06:00")`:                                     `between("UTC", "22:00", "06:00")`,
		`between("Europe/Berlin", "0:30", "1:00")`:                             `between("Europe/Berlin", "0:30", "1:00")`,
		`matches_glob(target, "web-?")`:                                        `matches_glob(target, "web-?")`,
		`at >= timestamp("2026-03-01T00:00:00Z")`:                              `at >= timestamp("2026-03-01T00:00:00Z")`,
	} {
		v := Policy{Rules: []Rule{{Name: "r", When: when}}}.Judge(f)
		if v.Refused != "" || v.Rule.Why != why {
			t.Errorf("%s: got %q, refused %q, want %q", when, v.Rule.Why, v.Refused, why)
		}
	}
}

func TestConditionsThatDoNotHoldSayWhyNot(t *testing.T) {
	for when, why := range map[string]string{
		`instances > 10 || data_lost`:                     "2 instances, not > 10; no data is lost",
		`instances > 1 && kind == "freeze"`:               `kind rollout, not "freeze"`,
		`kind != "rollout"`:                               "kind rollout",
		`!(instances > 1)`:                                "2 instances > 1",
		`between("UTC", "09:00", "17:00")`:                `not so: between("UTC", "09:00", "17:00")`,
		`args.reason.contains("\n")`:                      `reason "", not contains "\n"`,
		`size(alarms) >= 1 && hour("UTC") < 9`:            "0 open alarms, not >= 1",
		`[instances].exists(n, n > 3)`:                    "not so: [instances].exists(n, n > 3)",
		`tags.name == "` + strings.Repeat("x", 500) + `"`: `tag name "", not "` + strings.Repeat("x", 119-len(`tag name "", not "`)) + "…",
	} {
		got := Rule{When: when}.try(Facts{Kind: "rollout", Blast: Blast{Instances: 2}})
		if got.matched || got.trouble != nil || got.why != why {
			t.Errorf("%s: got %+v, want %q", when, got, why)
		}
	}
}

func TestConditionsAreCheckedWhenTheyAreRead(t *testing.T) {
	for when, problem := range map[string]string{
		`1 + 1`:                           "it gives int where it must give true or false",
		`instances`:                       "it gives int",
		`tags.undo`:                       "it gives string",
		`instance > 1`:                    "line 1, column 1: undeclared reference to 'instance' (did you mean 'instances'?)",
		"undo &&\n  foo":                  "line 2, column 3: undeclared reference to 'foo'",
		`instances > "a"`:                 "line 1, column 11: > does not go with (int, string)",
		`instances in ["a"]`:              "in does not go with (int, list(string))",
		`instances in [1, "a"]`:           "expected type 'int' but found 'string'",
		`undo ? 1 : kind == "a"`:          "?: does not go with (bool, int, bool)",
		`alarms[kind] == "a"`:             "[] does not go with (list(string), string)",
		`matches_glob(target)`:            "matches_glob does not go with (string)",
		`instances >`:                     "line 1, column 12: something is missing at the end",
		`nonsense(`:                       "something is missing at the end",
		`"abc == kind`:                    `line 1, column 1: '"abc == kind' does not belong here`,
		"kind == \"a\nb\"":                `line 1, column 9: '"a ' does not belong here`,
		`undo = true`:                     "line 1, column 6: '= ' does not belong here",
		`(undo`:                           "line 1, column 6: missing ')' at the end",
		`undo)`:                           "line 1, column 5: ')' does not belong here",
		`now() > at`:                      "undeclared reference to 'now'",
		`at.Local().Hour() > 1`:           "undeclared reference to 'Local'",
		`dyn(kind) == 1`:                  "undeclared reference to 'dyn'",
		`type(kind) == int`:               "undeclared reference to 'type'",
		`instances * * instances > 1`:     "'*' does not belong here",
		`has(undo)`:                       "has() takes what may be missing, such as has(tags.tier)",
		`timestamp("noon") < at`:          "invalid timestamp argument",
		`target.matches("[")`:             "invalid matches argument",
		`target.matches("(a{100}){10}")`:  "exceeds limit of 1000",
		`hour("Nowhere") > 1`:             `line 1, column 6: there is no time zone "Nowhere"`,
		`hour("Local") > 1`:               "another one on every machine",
		`at.getHours("Local") > 1`:        "another one on every machine",
		`at.getMonth("Mars/Olympus") > 1`: `no time zone "Mars/Olympus"`,
		`at.getHours(args.zone) > 1`:      "the time zone must be written out",
		`between("UTC", "9", "17:00")`:    `"9" is not a time of day`,
		`matches_glob(target, "[")`:       "is not a pattern",
		`alarms.exists(a, alarms.exists(b, alarms.exists(c, true)))`: "it loops more than 2 deep",
		`{"b": 1, "a": 2}.map(k, k)[0] == "a"`:                       "only lists, tags and args can be looped over",
		`[{"b": 1, "a": 2}].exists(m, m.all(k, true))`:               "only lists, tags and args can be looped over",
		`alarms.exists(kind, kind == "a")`:                           "kind is a fact already",
		`tags == {"a": "b"}`:                                         "compared one by one",
		`{"a": "b"} != args`:                                         "compared one by one",
		`tags in [args]`:                                             "compared one by one",
		`kind == "` + strings.Repeat("x", 2000) + `"`:                "longer than 2000 characters",
		strings.Repeat("true && ", 200) + "true":                     "", // long, and fine
		strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200): "", // deep, and fine
		strings.Repeat("1+", 300) + "1 > 0":                          "it is nested too deep",
		strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300): "it is nested too deep",
		strings.Repeat("!", 400) + "true":                            "",
		"[" + strings.Repeat("1,", 600) + "1] == []":                 "it has more than 500 parts",
	} {
		err := Policy{Rules: []Rule{{Name: "r", When: when}}}.Validate()
		switch {
		case problem == "" && err != nil:
			t.Errorf("%s: got %v, want no problem", when, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), "rule 1 (r): when: ") || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: got %v, want %q", when, err, problem)
		}
	}
}

func TestWhatIsMissingIsEmptyAndTimesAreInUTC(t *testing.T) {
	f := Facts{At: time.Date(2026, 3, 2, 1, 0, 0, 0, time.FixedZone("east", 3600))}
	for _, when := range []string{
		`tags.a == "" && args.b == ""`, `tags["a"] == ""`, `!("a" in tags)`, `!has(args.a)`, `size(alarms) == 0 && size(groups) == 0 && size(tags) == 0`,
		`!("sre" in groups)`, `string(at) == "2026-03-02T00:00:00Z"`, `hour("") == 0`, `at.getHours() == 0`,
	} {
		if got := (Rule{When: when}).try(f); !got.matched || got.trouble != nil {
			t.Errorf("%s: got %+v, want it to hold", when, got)
		}
	}
}

func TestWhatGoesWrongInAConditionIsTrouble(t *testing.T) {
	for _, when := range []string{
		`alarms[3] == "x"`, `int(args.n) > 1`, `hour(args.n) > 1`, `between(args.n, "09:00", "10:00")`, `args.n.matches(args.n)`, `matches_glob(target, args.n)`,
		`int(args.n) > 1 || undo`, `int(args.n) > 1 && target == "web"`, `!(1 / instances > 1)`, `alarms.all(a, int(args.n) > 1) && int(args.n) > 1`,
		`timestamp(args.n) < at`, `9223372036854775807 + size(target) > 0`,
	} {
		got := Rule{When: when}.try(Facts{Target: "web", Args: map[string]string{"n": "abc["}})
		if got.matched || got.trouble == nil {
			t.Errorf("%s: got %+v, want trouble", when, got)
		}
	}
}

func TestACompiledConditionIsTakenOnlyForItsOwnText(t *testing.T) {
	p := read(t, `[{when: undo, approvals: 0}]`)
	p.Rules[0].When = "!undo"
	if v := p.Judge(Facts{}); v.Refused != "" {
		t.Errorf("got %q, want the changed condition to count", v.Refused)
	}
}

// TestWhatOtherLanguagesWriteIsExplained: conditions of other tools have words for operators.
func TestWhatOtherLanguagesWriteIsExplained(t *testing.T) {
	for when, want := range map[string]string{
		`instances > 3 and undo`:               "line 1, column 15: 'and' does not belong here; write && for and",
		`undo or (data_lost and not undo)`:     "; write || for or, && for and, ! for not",
		`undo and undo and undo`:               "'and' does not belong here; write && for and",
		`not (undo)`:                           "; write ! for not",
		`len(alarms) > 0`:                      "line 1, column 4: undeclared reference to 'len'; write size() for len()",
		`len(alarms)`:                          "; write size() for len()",
		`any(alarms, # endsWith "5xx")`:        "; write list.exists(x, …) for any(), a.endsWith(b) for a endsWith b",
		`target startsWith "web"`:              "; write a.startsWith(b) for a startsWith b",
		`all(alarms, true)`:                    "; write list.all(x, …) for all()",
		`size(alarms) and "x or y" == 'not a'`: "; write && for and",
		`alarms.all(a, a.contains("x")) and 1`: "; write && for and",
		`nonsense == "and" // or not`:          "line 1, column 1: undeclared reference to 'nonsense'",
	} {
		_, err := compile(when)
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want it to end with %q", when, err, want)
		}
	}
}

func TestTroubleIsToldInAFewWords(t *testing.T) {
	f := Facts{Target: "web", Args: map[string]string{"n": "abc["}, Blast: Blast{Alarms: make([]string, 1000)}}
	for when, want := range map[string]string{
		`int(args.n) > 1`:                                     "line 1, column 4: type conversion error from 'string' to 'int'",
		"undo ||\n  alarms[1000] == \"x\"":                    "line 2, column 9: index out of bounds: 1000",
		`duration(args.n) > duration("1h")`:                   "line 1, column 9: type conversion error from 'string' to 'Duration'",
		`1 / instances > 1`:                                   "line 1, column 3: division by zero",
		`between("UTC", args.n, "9:00")`:                      `line 1, column 8: "abc[" is not a time of day such as 09:30`,
		`alarms.all(a, alarms.all(b, a == b && a + b == ""))`: "it costs too much to judge",
	} {
		got := Rule{When: when}.try(f)
		if got.matched || got.trouble == nil || got.trouble.Error() != want {
			t.Errorf("%s: got %+v, want trouble: %s", when, got, want)
		}
	}
}

// TestATruthThatNeedsNoMoreStands: as everywhere in CEL, a part that cannot be known does not matter where the
// other parts decide whatever it is.
func TestATruthThatNeedsNoMoreStands(t *testing.T) {
	for when, want := range map[string]trial{
		`int(args.n) > 1 || target == "web"`: {matched: true, why: "target web"},
		`int(args.n) > 1 && target == "db"`:  {why: `target web, not "db"`},
	} {
		if got := (Rule{When: when}).try(Facts{Target: "web"}); got != want {
			t.Errorf("%s: got %+v, want %+v", when, got, want)
		}
	}
}

func TestTagsAreGoneThroughInTheirOrder(t *testing.T) {
	r := Rule{When: `tags.map(k, k + tags[k]) == ["a1", "b2", "c3", "d4"] && tags.exists_one(k, k == "a") && size(tags) == 4`}
	for range 50 {
		if got := r.try(Facts{Tags: map[string]string{"d": "4", "b": "2", "a": "1", "c": "3"}}); !got.matched {
			t.Fatalf("got %+v, want the same each time", got)
		}
	}
}

// TestManyAreJudgedAtOnce is for the race detector: a policy is shared by all requests.
func TestManyAreJudgedAtOnce(t *testing.T) {
	p := read(t, `[{name: r, when: 'instances > 3 && hour("UTC") == 0 && alarms.exists(a, a == "x") && target.matches("^w")', approvals: 0}]`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			f := Facts{Target: "web", Blast: Blast{Instances: i, Alarms: []string{"x"}}, At: time.Unix(0, 0)}
			if v := p.Judge(f); (v.Refused == "") != (i > 3) || i > 3 && !strings.HasPrefix(v.Rule.Why, fmt.Sprint(i, " instances > 3")) {
				t.Errorf("%d: got %+v, want what its own facts say", i, v)
			}
		})
	}
	all.Wait()
}
