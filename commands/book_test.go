package commands

import (
	"context"
	"strings"
	"testing"
)

func TestHelpGolden(t *testing.T) {
	w := newWorld(t)
	for name, typed := range map[string]string{
		"help": "amiral help", "help_asg": "asg", "help_ops": "ops help", "help_rollout": "asg rollout --help", "help_list": "help asg list",
	} {
		golden(t, name, text(w.says(typed).Reply))
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	w := newWorld(t)
	var all strings.Builder
	for _, c := range w.desk.Book.commands {
		all.WriteString(text(w.says(c.Name()+" --help").Reply) + "\n")
	}
	golden(t, "help_every", all.String())
}

func TestEveryFormOfACommandIsTheSame(t *testing.T) {
	w := newWorld(t, op("op-abc", "running"))
	want := text(w.says("amiral ops list").Reply)
	if !strings.Contains(want, "op-abc") {
		t.Fatalf("got %s, want op-abc in it", want)
	}
	for _, typed := range []string{"ops list", "/amiral ops list", "Ops LIST", "amiral  ops\u00a0list", "ops list --no-all"} {
		if got := text(w.says(typed).Reply); got != want {
			t.Errorf("%q: got %s, want %s", typed, got, want)
		}
	}
	for _, typed := range []string{"asg list", "/asg list", "amiral asg list", "/amiral asg list"} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, "Groups in production") {
			t.Errorf("%q: got %s, want the groups", typed, got)
		}
	}
}

func TestUnknownInputIsAnswered(t *testing.T) {
	w := newWorld(t)
	for typed, want := range map[string]string{
		"":                              "# What you can ask",
		"amiral":                        "# What you can ask",
		"help":                          "# What you can ask",
		"  \u200b ":                     "# What you can ask",
		"asg":                           "# /asg",
		"asg help":                      "# /asg",
		"ops":                           "# /amiral ops",
		"asg rolout web":                "I know no command \"asg rolout\".\nDid you mean `/asg rollout`? `/amiral help` shows all commands.",
		"rollout web":                   "Did you mean `/asg rollout`?",
		"op list":                       "Did you mean `/amiral ops list`?",
		"amiral policy expain asg list": `I know no command "amiral policy expain".`,
		"whoami?":                       "Did you mean `/amiral whoami`?",
		"make me a sandwich":            "I know no command \"make me\".\n`/amiral help` shows all commands.",
		"help make":                     "I know no command \"make\".",
		`"asg" list`:                    "I know no command \"asg list\".",
		`asg show "web`:                 "The quote that begins with \"web has no end.\nUsage: `/asg show <group> [--in <environment>] [--page <number>]`\nFor example: `/asg show web`",
		`"no end`:                       "The quote that begins with \"no end has no end.\n`/amiral help`",
		"@amiral":                       "# What you can ask",
		"amiral list":                   "Did you mean `/amiral ops list`?",
		"/amiral list --all":            "Did you mean `/amiral ops list`?",
		"/amiral show op-1":             "Did you mean `/amiral ops show`?",
		"/amiral rolout web":            "Did you mean `/asg rollout`?",
		"lst":                           "Did you mean `/asg list`?",
		"ops show":                      "The operation is missing.\nUsage: `/amiral ops show <operation>",
		"asg show":                      "The group is missing.\nUsage: `/asg show <group>",
		"asg show web --on x":           "/asg show has no flag --on.\nDid you mean --in?\nUsage:",
		"{user:UEVIL}":                  "I know no command \"{ user:UEVIL}\".",
	} {
		if got := text(w.says(typed).Reply); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %s", typed, got, want)
		}
	}
	if len(w.gate.asked) > 0 {
		t.Errorf("got %v asked of the gate, want nothing", w.gate.asked)
	}
}

func TestSlash(t *testing.T) {
	got := newWorld(t).desk.Book.Slash()
	want := []SlashCommand{
		{"/asg", "Look at Auto Scaling groups, launch, roll, patch and scale them", "list | show | activity | rollout | launch | patch | status | pause | cancel | rollback | scale | …"},
		{"/amiral", "Ask amiral what goes on, and for help", "status | whoami | ops | audit | freeze | unfreeze | freezes | policy | help"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBookRefusesBadCommands(t *testing.T) {
	run := func(context.Context, *Call) (Result, error) { return Result{}, nil }
	good := Command{Path: []string{"a", "b"}, Summary: "S.", Example: "/a b", Run: run}
	if _, err := NewBook(good); err != nil {
		t.Fatal(err)
	}
	short, noRun, example, other := good, good, good, good
	short.Path, noRun.Run, example.Example, other.Example = []string{"a"}, nil, "/a b c", "/x"
	for name, all := range map[string][]Command{"twice": {good, good}, "short": {short}, "run": {noRun}, "example": {example}, "other": {other}} {
		if _, err := NewBook(all...); err == nil {
			t.Errorf("%s: got nothing, want an error", name)
		}
	}
}

func TestTheLongestCommandIsMeant(t *testing.T) {
	one := Command{Path: []string{"a", "b"}, Summary: "S.", Example: "/a b", Run: func(context.Context, *Call) (Result, error) { return Result{}, nil }}
	two := one
	two.Path, two.Example = []string{"a", "b", "c"}, "/a b c"
	for _, all := range [][]Command{{one, two}, {two, one}} {
		b, err := NewBook(all...)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := b.find("a b c --help"); err != nil || m.command.Name() != "/a b c" || len(m.words) != 1 {
			t.Errorf("got %v %v, want /a b c", m.command.Name(), err)
		}
	}
}

func TestBookCompletes(t *testing.T) {
	b := newWorld(t).desk.Book
	for typed, want := range map[string]string{
		"":                              "asg amiral",
		"/a":                            "asg amiral",
		"asg r":                         "rollout rollback resume replace",
		"asg rollout":                   "rollout",
		"asg rollout web --ima":         "--image",
		"asg rollout web --standby ":    "ignore terminate wait",
		"amiral ops ":                   "list show cancel",
		"asg rollout web --image a --s": "--standby --strategy --set-default",
		"amiral policy ":                "explain",
		"amiral policy explain ":        "<command>…",
		"amiral policy explain asg ro":  "rollout rollback",
		"amiral policy explain asg rollout web --ima": "--image",
		"zzz ": "",
	} {
		var got []string
		for _, s := range b.Complete(typed) {
			got = append(got, s.Text)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%q: got %q, want %q", typed, g, want)
		}
	}
}

func FuzzCommand(f *testing.F) {
	for _, seed := range []string{"asg list", "ops show op-1", "asg rollout web --image ami-0b2 --dry-run", "“", "/amiral help “asg", "--", "a b c d", "policy explain asg rollout web --image ami-0b2 --break-glass x",
		`asg rollout web --image ami-0b2 --break-glass "it <burns>"`, `freeze production --for 4h --reason "a \"b\""`, "unfreeze web --in staging", "audit op-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		w := newWorld(t)
		w.desk.Book.Complete(typed)
		r := w.says(typed)
		if r.Modal == nil && (r.Reply == nil || len(r.Reply.Sections) == 0) {
			t.Fatalf("%q: got %+v, want an answer", typed, r)
		}
		if done := strings.Join(w.gate.asked, ""); done != "" && !strings.HasPrefix(done, "explain") && (w.gate.spec.BreakGlass != "" || w.desk.ReadOnly(typed)) {
			t.Fatalf("%q: got %s asked, %+v, want no glass broken and nothing done by what only reads", typed, done, w.gate.spec)
		}
		if m := r.Modal; m != nil {
			again, err := w.desk.Book.glassForm(m.Subject)
			if err != nil || again.Modal.Subject != m.Subject || again.Modal.Inputs[0].Label != m.Inputs[0].Label {
				t.Fatalf("%q: got the form %+v, and from its own words %+v, %v", typed, m, again.Modal, err)
			}
		}
		for _, d := range w.deeds {
			if strings.HasPrefix(d.Outcome, "failed") {
				t.Fatalf("%q: got %s", typed, d.Outcome)
			}
		}
	})
}
