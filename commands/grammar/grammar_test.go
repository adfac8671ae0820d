package grammar

import (
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files")

func roll() Spec {
	low, high := Within(0, 48*time.Hour)
	return Spec{
		Name: "/asg rollout", Summary: "Roll a group.", Example: "/asg rollout web --image ami-0b2",
		Args: []Arg{{Name: "group", About: "the group"}},
		Flags: []Flag{
			{Name: "image", Value: "<ami>"},
			{Name: "version", Kind: Int, Min: 1, Prefix: "v"},
			{Name: "min-healthy", Kind: Percent},
			{Name: "checkpoints", Kind: Percents, Min: 1, Max: 100},
			{Name: "bake", Kind: Duration, Min: low, Max: high},
			{Name: "alarms", Kind: List, Most: 3},
			{Name: "standby", Kind: Enum, Choices: []string{"ignore", "terminate", "wait"}},
			{Name: "dry-run", Kind: Bool},
			{Name: "reason", Most: 20},
		},
		OneOf: [][]string{{"image", "version"}},
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{``, ``},
		{`  web   --image ami-1 `, `web|--image|ami-1`},
		{"web\u00a0--image\u2003ami\u200b-1\ufeff", `web|--image|ami-1`},
		{`—image ami-1 –dry-run`, `--image|ami-1|--dry-run`},
		{`—-image ami—1`, `--image|ami—1`},
		{`--reason "two words"`, `--reason|'two words`},
		{`--reason=“it’s "fine"”`, `--reason=it’s "fine"`},
		{`‘don’t stop’ «là bas»`, `'don’t stop|'là bas`},
		{`don't won't`, `don't|won't`},
		{`'it's ok'`, `'it's ok`},
		{`"a \"quoted\" \\ word"`, `'a "quoted" \ word`},
		{`two\ words \--image C:\dir`, `two words|'--image|C:\dir`},
		{`""`, `'`},
		{`<@U1|dana> <@U1> <#C1|deploys> <!subteam^S1|@sre> <!here> <http://a.b|a.b> <mailto:x@y|x@y> <https://a.b/c?d>`,
			`'@dana|'@U1|'#deploys|'@sre|'@here|'a.b|'x@y|'https://a.b/c?d`},
		{`a<b> <nope>`, `a<b>|<nope>`},
		{"one\ntwo\r\nthree", `one|two|three`},
		{"a\u202egnp.exe \x07b", `agnp.exe|b`},
		{"👩\u200d💻 a\u200db", "👩\u200d💻|ab"},
		{"\xff", "\uFFFD"},
	} {
		words, err := Words(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		var got []string
		for _, w := range words {
			if w.Literal && c.in != `two\ words \--image C:\dir` || w.Literal && w.Text[0] == '-' {
				w.Text = "'" + w.Text
			}
			got = append(got, w.Text)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%q: got %q, want %q", c.in, s, c.want)
		}
	}
}

func TestParseUnderstands(t *testing.T) {
	d := func(d time.Duration) Value { return Value{Duration: d} }
	for _, c := range []struct {
		in   string
		want map[string]Value
	}{
		{`web --image ami-1`, map[string]Value{"image": {Text: "ami-1"}}},
		{`--IMAGE=ami-1 web`, map[string]Value{"image": {Text: "ami-1"}}},
		{`web --version v7 --min-healthy 90%`, map[string]Value{"version": {Int: 7}, "min-healthy": {Int: 90}}},
		{`web --version 7 --bake 1d12h`, map[string]Value{"version": {Int: 7}, "bake": d(36 * time.Hour)}},
		{`web --version 7 --bake 90s`, map[string]Value{"version": {Int: 7}, "bake": d(90 * time.Second)}},
		{`web --version 7 --bake 0`, map[string]Value{"version": {Int: 7}, "bake": d(0)}},
		{`web --version 7 --checkpoints 20,50%,100`, map[string]Value{"version": {Int: 7}, "checkpoints": {Ints: []int{20, 50, 100}}}},
		{`web --version 7 --alarms a,b,a,a`, map[string]Value{"version": {Int: 7}, "alarms": {List: []string{"a", "b"}}}},
		{`web --version 7 --alarms "web 5xx, slow"`, map[string]Value{"version": {Int: 7}, "alarms": {List: []string{"web 5xx", "slow"}}}},
		{`web --version 7 --standby WAIT`, map[string]Value{"version": {Int: 7}, "standby": {Text: "wait"}}},
		{`web --version 7 --dry-run`, map[string]Value{"version": {Int: 7}, "dry-run": {Bool: true}}},
		{`web --version 7 --no-dry-run`, map[string]Value{"version": {Int: 7}, "dry-run": {}}},
		{`web --version 7 —dry-run=off`, map[string]Value{"version": {Int: 7}, "dry-run": {}}},
		{`--version 7 -- web`, map[string]Value{"version": {Int: 7}}},
		{`web --version 7 --reason 'a\"b \\c\\'`, map[string]Value{"version": {Int: 7}, "reason": {Text: `a"b \c\`}}},
		{"web --version 7 --reason “é\u200d”", map[string]Value{"version": {Int: 7}, "reason": {Text: "é"}}},
		{`web --version 7 --reason "<@U1|a> \\"`, map[string]Value{"version": {Int: 7}, "reason": {Text: `@a \`}}},
		{`web --version 7 --reason "\<@U1>"`, map[string]Value{"version": {Int: 7}, "reason": {Text: `<@U1>`}}},
		{`web --version 7 --reason "--image of <!channel>"`, map[string]Value{"version": {Int: 7}, "reason": {Text: "--image of @channel"}}},
	} {
		got, err := roll().ParseText(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got.Arg("group") != "web" || !reflect.DeepEqual(got.Flags, c.want) {
			t.Errorf("%s: got %v %v, want web %v", c.in, got.Arg("group"), got.Flags, c.want)
		}
		checkPrinted(t, got)
	}
}

func checkPrinted(t *testing.T, v Values) {
	t.Helper()
	s := roll()
	printed := s.Print(v)
	again, err := s.ParseText(strings.TrimPrefix(printed, s.Name))
	if err != nil {
		t.Fatalf("%s: %v", printed, err)
	}
	if !reflect.DeepEqual(again, v) {
		t.Fatalf("%s: got %#v, want %#v", printed, again, v)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ in, want, meant string }{
		{``, `The group is missing.`, ``},
		{`web`, `One of --image, --version is needed.`, ``},
		{`web --image a --version 1`, `--image and --version cannot stand together: give one of them.`, ``},
		{`web api --image a`, `"api" is one word too many. Words that belong together go into quotes.`, ``},
		{`web image`, `"image" is one word too many. Words that belong together go into quotes.`, `Did you mean --image?`},
		{`web --imgae a`, `/asg rollout has no flag --imgae.`, `Did you mean --image?`},
		{`web --frobnicate`, `/asg rollout has no flag --frobnicate.`, ``},
		{`web --image`, `--image needs a value: --image <ami>.`, ``},
		{`web --image=`, `--image needs a value: --image <ami>.`, ``},
		{`web --image --dry-run`, `--image needs a value, and --dry-run stands in its place.`, ``},
		{`web --image a --image b`, `--image is there twice.`, ``},
		{`web --version 1 --dry-run --no-dry-run`, `--dry-run and --no-dry-run cannot stand together: give one of them.`, ``},
		{`web --version 1 --no-dry-run --dry-run`, `--dry-run and --no-dry-run cannot stand together: give one of them.`, ``},
		{`web --version 1 --dry-run --dry-run`, `--dry-run is there twice.`, ``},
		{`web --version x`, `--version takes a whole number, and "x" is none.`, ``},
		{`web --version 0`, `--version is 1 or more, and 0 is not.`, ``},
		{`web --version 99999999999`, `--version takes a whole number, and "99999999999" is none.`, ``},
		{`web --min-healthy -5`, `--min-healthy goes from 0 to 100 percent, and -5 is outside.`, ``},
		{`web --min-healthy 101%`, `--min-healthy goes from 0 to 100 percent, and 101 is outside.`, ``},
		{`web --bake 5`, `--bake needs a unit: 5s, 5m, 5h or 5d.`, ``},
		{`web --bake soon`, `--bake takes a time such as 90s, 5m, 2h or 1d, and "soon" is none.`, ``},
		{`web --bake 999999999d`, `--bake goes from 0s to 2d, and 999999999d is outside.`, ``},
		{`web --checkpoints 20,x`, `--checkpoints takes a whole number percent, and "x" is none.`, ``},
		{`web --alarms ,`, `--alarms is a list with nothing in it.`, ``},
		{`web --alarms a,b,c,d`, `--alarms takes at most 3, and here are 4.`, ``},
		{`web --standby terminat`, `--standby is ignore, terminate or wait, and "terminat" is none of these.`, `Did you mean terminate?`},
		{`web --dry-run=maybe`, `--dry-run is either there or not: write --dry-run or --no-dry-run.`, ``},
		{`web -n`, `There is no -n here: flags have whole names, such as --help. A word that begins with a dash goes into quotes.`, ``},
		{`web -image a`, `-image has one dash; flags begin with two.`, `Did you mean --image?`},
		{`web --reason "123456789012345678901"`, `--reason is longer than 20 characters.`, ``},
		{`web --reason "no end`, `The quote that begins with "no end has no end.`, ``},
		{`"" --image a`, `The group is empty.`, ``},
		{strings.Repeat("x", 256) + ` --image a`, `The group is longer than 255 characters.`, ``},
		{strings.Repeat("x", 4001), `This is longer than 4000 characters, so I did not read it.`, ``},
		{strings.Repeat("x ", 201), `This has more than 200 words, so I did not read it.`, ``},
	} {
		_, err := roll().ParseText(c.in)
		r, ok := errors.AsType[*Refusal](err)
		if !ok {
			t.Errorf("%.60s: got %v, want a refusal", c.in, err)
			continue
		}
		if r.Fault.Text != c.want || r.Meant != c.meant {
			t.Errorf("%.60s: got %q %q, want %q %q", c.in, r.Fault.Text, r.Meant, c.want, c.meant)
		}
		if f, ok := fault.As(err); !ok || !strings.Contains(f.Hint, "Usage: /asg rollout <group> (--image <ami> | --version <number>)") ||
			!strings.Contains(f.Hint, "For example: /asg rollout web --image ami-0b2") {
			t.Errorf("%.60s: usage or example is missing in %q", c.in, f.Hint)
		}
	}
}

func TestHelpIsAskedEverywhere(t *testing.T) {
	for _, in := range []string{"help", "--help", "web --help", "-h", "web --imgae x -h", "HELP", "web --image --help", `--help "no end`, "—help"} {
		if _, err := roll().ParseText(in); !errors.Is(err, Help) {
			t.Errorf("%s: got %v, want Help", in, err)
		}
	}
	for _, in := range []string{`--image a -- --help`, `--image a -- -x`, `"help" --image a`, `web --image help`, `--image a -- help`, `--image a help`} {
		if _, err := roll().ParseText(in); err != nil {
			t.Errorf("%s: got %v, want it understood", in, err)
		}
	}
}

func TestNear(t *testing.T) {
	names := []string{"web", "worker", "api", "web-eu-west"}
	for word, want := range map[string]string{"wev": "web", "wroker": "worker", "web-eu": "web-eu-west", "API": "api", "zzz": "", "": "", "wbe": "web", "wkr": "worker", "ewb": "web"} {
		if got := Near(word, names); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestComplete(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "<group> --image --version --min-healthy --checkpoints --bake --alarms --standby --dry-run --reason",
		"web --im":             "--image",
		"web --image a --ver":  "--version",
		"web --standby ":       "ignore terminate wait",
		"web --standby t":      "terminate",
		"web --standby=t":      "--standby=terminate",
		"web --image ":         "<ami>",
		"web --image=a --imag": "",
		"web \"":               "",
	} {
		var got []string
		for _, s := range roll().Complete(in) {
			got = append(got, s.Text)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: got %q, want %q", in, s, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 90 * time.Second: "90s", time.Minute: "1m", 36 * time.Hour: "1d12h", 125 * time.Second: "2m5s"} {
		if got := Span(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestUsageGolden(t *testing.T) {
	f, _, _ := roll().flag("alarms")
	got := strings.Join([]string{roll().Usage(), roll().Short(), roll().brief(), f.Usage()}, "\n") + "\n"
	if *update {
		if err := os.WriteFile("testdata/usage.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/usage.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got %s, want %s (run with -update when it is meant)", got, want)
	}
}

func TestCheck(t *testing.T) {
	if err := roll().Check(); err != nil {
		t.Error(err)
	}
	for _, s := range []Spec{
		{Args: []Arg{{Name: "a", Many: true}, {Name: "b"}}},
		{Args: []Arg{{Name: "a", Optional: true}, {Name: "b"}}},
		{Flags: []Flag{{Name: "a"}, {Name: "a"}}},
		{Flags: []Flag{{Name: "help"}}},
		{Flags: []Flag{{Name: "no-a"}}},
		{OneOf: [][]string{{"a"}}},
	} {
		if s.Check() == nil {
			t.Errorf("%+v: got nothing, want an error", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`web --image ami-1`, `“a b” —version 7`, `web --version 7 --reason "x \" <@U1|d> ’" --bake 1d1h --alarms a,b`,
		`"help" --image=«x»`, `\-a --no-dry-run --version=v1 --checkpoints 1,2%`, "a\u200d👩\u200d💻 --image <<@U1>>", `web --image “é` + "\u200d” é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkRest(t, text)
		s := roll()
		s.Complete(text)
		v, err := s.ParseText(text)
		if err == nil {
			checkPrinted(t, v)
			return
		}
		if _, ok := errors.AsType[*Refusal](err); !ok && !errors.Is(err, Help) {
			t.Fatalf("%q: got %v, want a refusal", text, err)
		}
	})
}

func explain() Spec {
	return Spec{Name: "/amiral policy explain", Args: []Arg{{Name: "command", Rest: true, Max: 4000}}, Flags: []Flag{{Name: "in"}}}
}

func TestTheRestIsTakenAsItStands(t *testing.T) {
	for in, want := range map[string]string{
		`asg rollout web --image ami-1`:                       `asg rollout web --image ami-1`,
		`asg   rollout "two words" --reason="it is \"late\""`: `asg rollout "two words" --reason="it is \"late\""`,
		`--in prod asg rollout web --in other --help`:         `asg rollout web --in other --help`,
		`asg rollout -- web`:                                  `asg rollout -- web`,
		`-- --odd`:                                            `--odd`,
		`"help" me`:                                           `"help" me`,
		`asg help`:                                            `asg help`,
		`/asg rollout two\ words —reason “late”`:              `/asg rollout two\ words —reason “late”`,
	} {
		v, err := explain().ParseText(in)
		if err != nil || v.Arg("command") != want {
			t.Errorf("%s: got %q, %v, want %q", in, v.Arg("command"), err, want)
			continue
		}
		again, err := explain().ParseText(strings.TrimPrefix(explain().Print(v), explain().Name))
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: got %v, %v back, want %v", explain().Print(v), again, err, v)
		}
	}
	for _, in := range []string{"help", "--help", "--in prod --help"} {
		if _, err := explain().ParseText(in); !errors.Is(err, Help) {
			t.Errorf("%s: got %v, want Help", in, err)
		}
	}
	if _, err := explain().ParseText(""); err == nil {
		t.Error("got no error for nothing, want one")
	}
	if err := (Spec{Args: []Arg{{Name: "a", Rest: true}, {Name: "b"}}}).Check(); err == nil {
		t.Error("got no error for a word behind the rest, want one")
	}
}

func TestTypedIsWhatWasGiven(t *testing.T) {
	v, err := roll().ParseText(`web --version 7 --min-healthy 90% --checkpoints 20,50 --bake 90s --alarms "web 5xx,slow" --standby WAIT --no-dry-run --reason "why not"`)
	want := map[string]string{"group": "web", "version": "7", "min-healthy": "90", "checkpoints": "20,50", "bake": "90s",
		"alarms": "web 5xx,slow", "standby": "wait", "dry-run": "false", "reason": "why not"}
	if got := roll().Typed(v); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// checkRest holds that what was taken as it stands is read back as it stood.
func checkRest(t *testing.T, text string) {
	t.Helper()
	s := explain()
	v, err := s.ParseText(text)
	if err != nil {
		return
	}
	again, err := s.ParseText(strings.TrimPrefix(s.Print(v), s.Name))
	if err != nil || !reflect.DeepEqual(again, v) {
		t.Fatalf("%q: got %v, %v, want %v", s.Print(v), again, err, v)
	}
}
