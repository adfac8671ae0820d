package commands

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/launch"
	"github.com/amiral-ops/amiral/internal/template"
)

// launch is the command that makes a group of identical servers.
func (a *ASG) launch(in grammar.Flag) Command {
	_, wait := grammar.Within(0, launch.LongestWait)
	return Command{
		Path:    []string{"asg", "launch"},
		Summary: "Make a group of identical servers from an instance, an image or a family.",
		Details: "From an instance, its image is baked first. Then the launch template and the group are made, and followed until every " +
			"server is in service: one plan, one approval. Until then everything can be taken back.",
		Example: "/asg launch web-blue --from i-0abc1234def567890 --size 50", Proposes: true,
		Args:  []grammar.Arg{{Name: "group", About: "the new group's name"}},
		OneOf: [][]string{{"from"}, {"size"}},
		Flags: []grammar.Flag{
			{Name: "from", Value: "<instance|image|family>", About: "what to launch from: a configured instance, an image, or a family's golden image", Pick: grammar.Source},
			{Name: "size", Kind: grammar.Int, Min: 1, Max: launch.Most, About: "how many servers"},
			in,
			{Name: "template", Value: "<name[@version]>", About: "an existing launch template to use; one is made when left out", Pick: grammar.Template},
			{Name: "subnets", Kind: grammar.List, About: "where to launch; one of each zone when left out", Pick: grammar.Subnet},
			{Name: "min", Kind: grammar.Int, Max: launch.Most, About: "never fewer servers; the size when left out"},
			{Name: "max", Kind: grammar.Int, Min: 1, Max: 10 * launch.Most, About: "never more servers; twice the size when left out"},
			{Name: "target-groups", Kind: grammar.List, About: "load balancer target groups to register with", Pick: grammar.TargetGroup},
			{Name: "warmup", Kind: grammar.Duration, Max: wait, About: "how long a new server takes until it counts, in later changes"},
			{Name: "grace", Kind: grammar.Duration, Max: wait, About: "how long after its start a server's health is checked"},
			{Name: "type", Value: "<type>", About: "the instance type", Pick: grammar.InstanceType},
			{Name: "key", Value: "<name>", About: "the key pair"},
			{Name: "sg", Kind: grammar.List, About: "security groups, by id", Pick: grammar.SecurityGroup},
			{Name: "role", Value: "<name>", About: "the instance profile"},
			script(),
			{Name: "reboot", Kind: grammar.Bool, Both: true, About: "reboot the instance to bake it, or with --no-reboot leave it running"},
			{Name: "standby", Kind: grammar.Bool, About: "take the instance out of its group's service to bake it"},
			{Name: "twin", Kind: grammar.Bool, About: "bake a throw-away twin of the instance instead"},
			reason(),
			dryRun(),
		},
		Run: a.dry(a.launches), Defaults: a.launchDefaults,
	}
}

func (a *ASG) launches(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	want, err := launchWish(c.Words)
	if err != nil {
		return Result{}, err
	}
	if err := a.from(ctx, f, env, c.Words.Text("from"), &want); err != nil {
		return Result{}, err
	}
	plan, err := planLaunch(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	return a.decide(ctx, c, env, plan, "")
}

func planLaunch(ctx context.Context, f Fleet, env Environment, want launch.Want) (launch.Plan, error) {
	facts, err := launch.Gather(ctx, f, env.Name, want)
	if err != nil {
		return launch.Plan{}, err
	}
	return launch.New(facts, want)
}

// launchWish is what the words ask for, apart from what it is launched from.
func launchWish(w grammar.Values) (launch.Want, error) {
	want := launch.Want{
		Group: fleet.GroupName(w.Arg("group")), Min: w.Int("min"), Max: w.Int("max"), Subnets: w.List("subnets"),
		TargetGroups: w.List("target-groups"), Warmup: w.Duration("warmup"), Grace: w.Duration("grace"), Type: w.Text("type"), Key: w.Text("key"),
		SecurityGroups: w.List("sg"), Role: w.Text("role"),
	}
	if n := w.Int("size"); n != nil {
		want.Size = *n
	}
	var err error
	if w.Given(userDataFlag) {
		data, err := template.ReadUserData(w.Text(userDataFlag))
		if err != nil {
			return want, err
		}
		want.UserData = &data
	}
	if want.Template, want.Version, err = templateAt(w.Text("template")); err != nil {
		return want, err
	}
	want.Way, err = bakeWay(w)
	return want, err
}

// templateAt splits "web-lt@3" into the template and its version.
func templateAt(text string) (string, int64, error) {
	name, version, numbered := strings.Cut(text, "@")
	if !numbered {
		return name, 0, nil
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 64)
	if err != nil || n < 1 || name == "" {
		return "", 0, fault.New(fault.Invalid, "%s is no template with a version.", card.Inert(short(text, 80))).
			WithHint("Write it like `--template web-lt@3`; versions are numbers.")
	}
	return name, n, nil
}

var instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)

// from finds out what is launched from: an instance by its id, an image by its id, a family with a golden image, an
// image by its name, or an instance by its name.
func (a *ASG) from(ctx context.Context, f Fleet, env Environment, text string, want *launch.Want) error {
	switch {
	case instanceID.MatchString(text):
		want.Instance = fleet.InstanceID(text)
		return nil
	case strings.HasPrefix(text, "ami-"):
		id, err := a.image(ctx, f, env, fleet.ImageID(text))
		want.Image = id
		return err
	}
	golden, err := a.golden(ctx, env, text)
	if err == nil {
		want.Image, want.Family = golden, text
		return nil
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	found, other := a.named(ctx, f, text, want)
	if other != nil || found {
		return other
	}
	return fault.New(fault.NotFound, "%s is no instance, no image and no family with a golden image in %s.", card.Inert(short(text, 80)), env.Name).
		WithHint("Name an instance (`i-…`), an image (`ami-…`), or promote one: `/ami promote ami-… --family %s`.", card.Inert(short(text, 80)))
}

// named looks for an image, or else an instance, that is called that.
func (a *ASG) named(ctx context.Context, f Fleet, text string, want *launch.Want) (bool, error) {
	image, err := f.ImageNamed(ctx, text)
	if err == nil {
		want.Image = image.ID
		return true, nil
	}
	if fleet.KindOf(err) != fleet.Absent {
		return false, fmt.Errorf("look for an image called %s: %w", text, err)
	}
	instances, err := f.FindInstances(ctx, text, 20)
	if err != nil {
		return false, fmt.Errorf("look for an instance called %s: %w", text, err)
	}
	exact := slices.DeleteFunc(instances, func(i fleet.Instance) bool { return i.Name != text && string(i.ID) != text })
	switch len(exact) {
	case 0:
		return false, nil
	case 1:
		want.Instance = exact[0].ID
		return true, nil
	}
	ids := make([]string, len(exact))
	for i, e := range exact {
		ids[i] = string(e.ID)
	}
	return false, fault.New(fault.Invalid, "%d instances are called %s.", len(exact), card.Inert(short(text, 80))).
		WithHint("Name one by its id: %s.", strings.Join(ids[:min(len(ids), 5)], ", "))
}

// Launches is what the desk must know of launches. What a finished one made is alive, so it is not taken back by a
// button: its card says how.
func (a *ASG) Launches() Kind {
	return changes[launch.Plan]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old launch.Plan) (launch.Plan, error) {
			want := old.Want
			want.Bakes = ""
			if want.Family != "" {
				golden, err := a.golden(ctx, env, want.Family)
				if err != nil {
					return launch.Plan{}, err
				}
				want.Image = golden
			}
			return planLaunch(ctx, f, env, want)
		},
	}
}
