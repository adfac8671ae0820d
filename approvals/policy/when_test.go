package policy

import (
	"strings"
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
		`kind == "rollout"`:                        "kind rollout",
		`environment != "staging"`:                 `environment production, not "staging"`,
		`target startsWith "web"`:                  `target web-1 startsWith "web"`,
		`instances > 10 and percent >= 40`:         "12 instances > 10, 40 % touched >= 40",
		`percent > 90 or capacity_down > 5`:        "10 % less capacity > 5",
		`data_lost and not irreversible`:           "data is lost, it can be taken back",
		`!(undo or irreversible)`:                  "it takes nothing back; it can be taken back",
		`break_glass`:                              "the glass is broken",
		`len(alarms) > 0`:                          "1 open alarm (web-5xx) > 0",
		`any(alarms, # endsWith "5xx")`:            `any(alarms, # endsWith "5xx")`,
		`"sre" in groups`:                          `"sre" in groups`,
		`user in ["U1", "U2"]`:                     `user U1 in ["U1", "U2"]`,
		`tags.tier == "gold"`:                      `tag tier "gold"`,
		`tags.missing == ""`:                       `tag missing ""`,
		`tags?.missing == ""`:                      `tags?.missing == ""`,
		`args["max-unhealthy"] == "2"`:             `max-unhealthy "2"`,
		`int(args["max-unhealthy"]) > 1`:           `int(args["max-unhealthy"]) > 1`,
		`hour("UTC") == 23`:                        `hour("UTC") == 23`,
		`minute("Asia/Kolkata") == 0`:              `minute("Asia/Kolkata") == 0`,
		`hour("Europe/Berlin") == 0`:               `hour("Europe/Berlin") == 0`,
		`weekday("Europe/Berlin") == "Tue"`:        `weekday("Europe/Berlin") == "Tue"`,
		`between("UTC", "22:00", "06:00")`:         `between("UTC", "22:00", "06:00")`,
		`between("Europe/Berlin", "0:30", "1:00")`: `between("Europe/Berlin", "0:30", "1:00")`,
		`matches_glob(target, "web-?")`:            `matches_glob(target, "web-?")`,
		`at >= date("2026-03-01")`:                 `at >= date("2026-03-01")`,
	} {
		v := Policy{Rules: []Rule{{Name: "r", When: when}}}.Judge(f)
		if v.Refused != "" || v.Rule.Why != why {
			t.Errorf("%s: got %q, refused %q, want %q", when, v.Rule.Why, v.Refused, why)
		}
	}
}

func TestConditionsThatDoNotHoldSayWhyNot(t *testing.T) {
	for when, why := range map[string]string{
		`instances > 10 or data_lost`:                     "2 instances, not > 10; no data is lost",
		`instances > 1 and kind == "freeze"`:              `kind rollout, not "freeze"`,
		`kind != "rollout"`:                               "kind rollout",
		`not (instances > 1)`:                             "2 instances > 1",
		`between("UTC", "09:00", "17:00")`:                `not so: between("UTC", "09:00", "17:00")`,
		`args.reason contains "\n"`:                       `reason "", not contains "\n"`,
		`len(alarms) >= 1 and hour("UTC") < 9`:            "0 open alarms, not >= 1",
		`let n = instances; n > 3`:                        "not so: let n = instances; n > 3",
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
		`1 + 1`:                                       "expected bool",
		`instances`:                                   "expected bool",
		`instance > 1`:                                "unknown name instance",
		`instances > "a"`:                             "mismatched types",
		`instances >`:                                 "unexpected token",
		`now() > at`:                                  "unknown name now",
		`repeat("a", 100000000) == ""`:                "unknown name repeat",
		`all(1..1000000, true)`:                       "the operator .. is not",
		`instances ** instances > 1`:                  "the operator ** is not",
		`at.Local().Hour() > 1`:                       "values have no functions",
		`hour("Nowhere") > 1`:                         `no time zone "Nowhere"`,
		`hour("Local") > 1`:                           "another one on every machine",
		`between("UTC", "9", "17:00")`:                `"9" is not a time of day`,
		`matches_glob(target, "[")`:                   "is not a pattern",
		`any(alarms, any(alarms, any(alarms, true)))`: "loops more than 2 deep",
		`kind == "` + strings.Repeat("x", 2000) + `"`: "longer than 2000 characters",
		strings.Repeat("true and ", 200) + "true":     "", // long, and fine
		strings.Repeat("1+", 300) + "1 > 0":           "exceeds",
	} {
		err := Policy{Rules: []Rule{{Name: "r", When: when}}}.Validate()
		switch {
		case problem == "" && err != nil:
			t.Errorf("%s: got %v, want no problem", when, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), "rule 1 (r): when: ") || !strings.Contains(err.Error(), problem)):
			t.Errorf("%s: got %v, want %q", when, err, problem)
		}
	}
}

func TestWhatIsMissingIsEmptyAndTimesAreInUTC(t *testing.T) {
	f := Facts{At: time.Date(2026, 3, 2, 1, 0, 0, 0, time.FixedZone("east", 3600))}
	for _, when := range []string{
		`tags.a == "" and args?.b == ""`, `tags?.a == ""`, `len(alarms) == 0 and len(groups) == 0`, `string(at) contains "00:00:00 +0000 UTC"`, `hour("") == 0`,
	} {
		if got := (Rule{When: when}).try(f); !got.matched || got.trouble != nil {
			t.Errorf("%s: got %+v, want it to hold", when, got)
		}
	}
}

func TestWhatGoesWrongInAConditionIsTrouble(t *testing.T) {
	for _, when := range []string{
		`alarms[3] == "x"`, `int(args.n) > 1`, `hour(args.n) > 1`, `between(args.n, "09:00", "10:00")`, `args.n matches args.n`, `matches_glob(target, args.n)`,
	} {
		got := Rule{When: when}.try(Facts{Target: "web", Args: map[string]string{"n": "abc["}})
		if got.matched || got.trouble == nil {
			t.Errorf("%s: got %+v, want trouble", when, got)
		}
	}
}

func TestACompiledConditionIsTakenOnlyForItsOwnText(t *testing.T) {
	p := read(t, `[{when: undo, approvals: 0}]`)
	p.Rules[0].When = "not undo"
	if v := p.Judge(Facts{}); v.Refused != "" {
		t.Errorf("got %q, want the changed condition to count", v.Refused)
	}
}
