package commands

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	aws "github.com/amiral-ops/amiral/internal/cloud"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/template"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// handled carries requests to the simulator without a network.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// library is a desk with /template over a simulated account.
type library struct {
	desk    *Desk
	gate    *gate
	records *records
	aws     *awssim.Fleet
	kind    Kind
}

const bootScript = "#!/bin/bash\nexport DB_PASSWORD=%s\nyum install -y %s\n"

func newLibrary(t *testing.T) *library {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.local")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "local")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "local")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	sim := awssim.New(awssim.Options{Now: func() time.Time { return noon }, Seed: 1, NoThrottle: true, NotFoundFor: -1, Latency: -1})
	t.Cleanup(func() { _ = sim.Close() })
	l := &library{gate: &gate{}, records: &records{}, aws: sim.Region("eu-west-1")}
	l.stock(t)
	all, err := aws.New(t.Context(), []aws.Environment{{Name: "production", Region: "eu-west-1"}, {Name: "staging", Region: "eu-west-1"}},
		aws.Options{HTTPClient: &http.Client{Transport: handled{sim.Handler()}}})
	if err != nil {
		t.Fatal(err)
	}
	templates := &Templates{Site: Site{Settings: settings(), Records: l.records, Fleets: func(env string) (Fleet, error) { return all.In(env) }}}
	l.kind = templates.Kind()
	book, err := NewBook(templates.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	l.desk = &Desk{Book: book, Gate: l.gate, People: people{}, Records: l.records, Kinds: map[string]Kind{template.Kind: l.kind}}
	return l
}

// stock fills the account: web-lt with three versions, from which two groups launch, and one that nobody uses.
func (l *library) stock(t *testing.T) {
	t.Helper()
	l.aws.AddImage(awssim.Image{ID: "ami-0a1", Name: "web-2026.10.1"})
	l.aws.AddImage(awssim.Image{ID: "ami-0b2", Name: "web-2026.11.2"})
	data := func(secret, tool string) map[string]string {
		return map[string]string{"KeyName": "ops", "SecurityGroupId.1": "sg-0web", "UserData": base64Of(fmt.Sprintf(bootScript, secret, tool)),
			"MetadataOptions.HttpTokens": "required", "TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "ApiToken", "TagSpecification.1.Tag.1.Value": "tag-" + secret}
	}
	l.aws.AddTemplate(awssim.Template{ID: "lt-0web", Name: "web-lt", Default: 2, Tags: map[string]string{"Team": "web"}, Versions: []awssim.TemplateVersion{
		{Image: "ami-0a1", Description: "first"},
		{Image: "ami-0a1", Description: "second", Data: data("correct-horse-1", "nginx")},
		{Image: "ami-0b2", Type: "t3.small", Description: "third", Data: data("battery-staple-2", "nginx jq")}}})
	l.aws.AddTemplate(awssim.Template{ID: "lt-0old", Name: "old-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0gone"}}})
	for name, version := range map[string]string{"web": "2", "api": "$Default"} {
		if err := l.aws.AddGroup(awssim.Group{Name: name, Template: "web-lt", Version: version, Desired: 1, Max: 4}); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *library) says(text string) Result {
	return l.desk.Command(context.Background(), Request{Key: "k1", Actor: dev, Channel: "CDEPLOYS", Text: text, Received: noon})
}

// read is an answer with its tables and buttons.
func read(r Result) string {
	if r.Reply == nil {
		return "(nothing)"
	}
	var b strings.Builder
	head := *r.Reply
	head.Sections, head.Foot = nil, nil
	b.WriteString(text(&head))
	for _, s := range r.Reply.Sections {
		if s.Table != nil {
			for _, row := range s.Table.Rows {
				var cells []string
				for i, cell := range row {
					cells = append(cells, s.Table.Columns[i].Label+" "+spoken(cell))
				}
				fmt.Fprintf(&b, "| %s\n", strings.Join(cells, " | "))
			}
			continue
		}
		section(&b, s)
		b.WriteString(pressable(s.Buttons))
	}
	b.WriteString(pressable(r.Reply.Buttons))
	for _, f := range r.Reply.Foot {
		fmt.Fprintf(&b, "-- %s\n", spoken(f))
	}
	return b.String()
}

func pressable(buttons []card.Button) string {
	var b strings.Builder
	for _, one := range buttons {
		fmt.Fprintf(&b, "[%s] %s\n", one.Label, one.ID)
	}
	return b.String()
}

// TestTemplatesGolden: what the reading commands answer, word by word.
func TestTemplatesGolden(t *testing.T) {
	l := newLibrary(t)
	for name, words := range map[string]string{
		"template_list": "template list", "template_show": "template show web-lt", "template_show_old": "template show old-lt",
		"template_versions": "template versions web-lt", "template_diff": "template diff web-lt 2 v3", "template_same": "template diff web-lt default 2",
	} {
		got := read(l.says(words))
		for _, secret := range []string{"correct-horse", "battery-staple"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: got the secret %s", words, secret)
			}
		}
		golden(t, name, got)
	}
}

// TestTemplatePlansGolden: what the plans say.
func TestTemplatePlansGolden(t *testing.T) {
	l := newLibrary(t)
	for name, words := range map[string]string{
		"template_plan_update":  "template update web-lt --image web-2026.10.1 --type t3.micro --user-data \"base64:" + base64Of(fmt.Sprintf(bootScript, "tr0ub4dor-3", "nginx")) + "\" --dry-run",
		"template_plan_default": "template default web-lt latest --dry-run",
		"template_plan_taken":   "template create web-lt --image ami-0b2 --type t3.micro",
		"template_plan_revert":  "template revert web-lt --dry-run",
		"template_plan_clean":   "template clean web-lt --keep 1 --dry-run",
	} {
		got := read(l.says(words))
		if strings.Contains(got, "tr0ub4dor") {
			t.Errorf("%s: got the secret", words)
		}
		golden(t, name, got)
	}
}

func TestTemplateWordsThatAreWrongAreGuessed(t *testing.T) {
	l := newLibrary(t)
	for words, want := range map[string]string{
		"template show wbe-lt":                                             "There is no launch template wbe-lt in production.\nDid you mean `web-lt`?",
		"template show web-lt 9":                                           "Template web-lt has no version 9.",
		"template show web-lt soon":                                        `"soon" is not a version.`,
		"template diff web-lt 1 7":                                         "Template web-lt has no version 7.",
		"template list zzz":                                                `None of 2 launch templates in production has "zzz" in its name.`,
		"template update web-lt":                                           "Nothing to change was named.",
		"template update web-lt --image web-2026.11.3":                     "Did you mean `web-2026.11.2`?",
		"template update web-lt --user-data base64:%%%":                    "is not base64",
		"template update web-lt --tags Team":                               `"Team" is not a tag.`,
		"template create x --image ami-0b2 --type t3.micro":                `"x" is no name for a launch template.`,
		"template create new-lt --image ami-0b2 --type t3.mikro":           "There is no instance type t3.mikro in this region.",
		"template create new-lt --image ami-0b2 --type t4g.micro":          "Image ami-0b2 is for x86_64, and t4g.micro is arm64.",
		"template adopt nobody --name new-lt":                              "There is no instance called nobody in production.",
		"template create new-lt --image ami-0b2 --type t3.micro --key opz": "There is no key pair opz in this region.",
	} {
		if got := read(l.says(words)); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", words, got, want)
		}
	}
	if len(l.gate.asked) > 0 {
		t.Errorf("got %v asked of the gate, want nothing", l.gate.asked)
	}
}

// TestUserDataIsNotInTheWordsThatEverybodyReads: it is in the plan and nowhere else.
func TestUserDataIsNotInTheWordsThatEverybodyReads(t *testing.T) {
	l := newLibrary(t)
	l.says(`template update web-lt --image ami-0a1 --user-data "export PASSWORD=tr0ub4dor-3" --reason new`)
	s := l.gate.spec
	if s.Kind != template.Kind || s.Target != "web-lt" || s.Resource != "123456789012/eu-west-1/template/web-lt" || s.Step != template.First {
		t.Fatalf("got %+v, want the update proposed", s)
	}
	if strings.Contains(s.Command+s.Title+s.Impact+fmt.Sprint(s.Args), "tr0ub4dor") || !strings.Contains(s.Command, "--user-data @typed") {
		t.Errorf("got %s, want no user data in it", s.Command)
	}
	if !strings.Contains(string(s.Payload), "tr0ub4dor") {
		t.Error("got no user data in the plan")
	}
}

// TestRevertGoesByTheHistory: back to where the last operation found the default, and says which.
func TestRevertGoesByTheHistory(t *testing.T) {
	l := newLibrary(t)
	payload := `{"environment":"production","want":{"action":"default","name":"web-lt","version":2},"former":3}`
	l.records.history = []ledger.Record{{Proposal: ledger.Proposal{ID: "op-moved", Kind: template.Kind, Resource: "123456789012/eu-west-1/template/web-lt",
		Payload: []byte(payload)}, State: ledger.Succeeded, Data: []byte(`{"template":"lt-0web","version":2,"moved":true}`)}}
	got := read(l.says("template revert web-lt --dry-run"))
	if !strings.Contains(got, "Bring the default of template web-lt back to version 3") || !strings.Contains(got, "as it was before op-moved") {
		t.Errorf("got %s, want the way back to version 3 by op-moved", got)
	}
	spec, err := l.kind.Back(t.Context(), ledger.Record{Proposal: ledger.Proposal{ID: "op-moved", Environment: "production", Payload: []byte(payload)},
		State: ledger.Succeeded, Data: l.records.history[0].Data})
	if err != nil || spec.About != "op-moved" || spec.Command != "/template default web-lt 3 --in production" {
		t.Errorf("got %+v, %v, want its way back", spec, err)
	}
}

// TestListsComeInPages: twenty templates on each, the calls in the small print.
func TestTemplateListsComeInPages(t *testing.T) {
	l := newLibrary(t)
	for i := range 45 {
		l.aws.AddTemplate(awssim.Template{Name: fmt.Sprintf("many-%02d", i), Versions: []awssim.TemplateVersion{{Image: "ami-0a1"}}})
	}
	got := l.says("template list --page 3").Reply
	i := slices.IndexFunc(got.Sections, func(s card.Section) bool { return s.Table != nil })
	if i < 0 || len(got.Sections[i].Table.Rows) != 7 || !strings.Contains(read(Result{Reply: got}), "41–47 of 47") {
		t.Errorf("got %s, want the last seven of 47", read(Result{Reply: got}))
	}
	if foot := read(Result{Reply: got}); !strings.Contains(foot, "-- 3 calls to AWS") {
		t.Errorf("got %s, want three calls", foot)
	}
}

// TestALongTextIsShownInParts: no card is too long, whatever the user data is.
func TestALongTextIsShownInParts(t *testing.T) {
	l := newLibrary(t)
	long := "#!/bin/bash\n" + strings.Repeat("echo some words of a long script that goes on\n", 200)
	l.aws.AddTemplate(awssim.Template{Name: "long-lt", Versions: []awssim.TemplateVersion{{Image: "ami-0a1"}, {Image: "ami-0a1", Data: map[string]string{"UserData": base64Of(long)}}}})
	for _, words := range []string{"template show long-lt 2", "template diff long-lt 1 2", "template show long-lt 2 --page 2"} {
		r := l.says(words)
		got, page := read(r), "part 1 of "
		if strings.Contains(words, "--page 2") {
			page = "part 2 of "
		}
		for _, s := range r.Reply.Sections {
			if len([]rune(s.Code)) > 2500 {
				t.Errorf("%s: got %d characters of code", words, len(s.Code))
			}
		}
		if !strings.Contains(got, page) || !strings.Contains(got, "[Next ›] /template ") {
			t.Errorf("%s: got %s, want %q and a button to the next", words, got, page)
		}
	}
}

var _ interface {
	template.Fleet
	CurrentVersions(context.Context) ([]fleet.TemplateVersion, error)
} = (*aws.Client)(nil)
