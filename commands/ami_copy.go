package commands

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// moving are the commands that copy, share and tag images.
func (a *AMI) moving() []Command {
	in := a.Settings.in()
	with := grammar.Flag{Name: "with", Kind: grammar.List, Most: 50, Value: "<account,environment,…>", About: "accounts by their twelve digits, or environments", Pick: grammar.Environment}
	return []Command{
		{Path: []string{"ami", "copy"}, Summary: "Copy an image to other regions or environments, and follow it until the copies are there.",
			Example: "/ami copy ami-0b2 --to eu-central-1", Proposes: true, Args: []grammar.Arg{imageArg("image")}, OneOf: [][]string{{"to"}},
			Flags: []grammar.Flag{
				{Name: "to", Kind: grammar.List, Most: 10, Value: "<region,environment,…>", About: "regions of the same account, or environments", Pick: grammar.Environment},
				{Name: "name", Value: "<name>", About: "the copies' name; the image's own when left out", Most: 128},
				{Name: "kms-key", Value: "<key>", About: "encrypt the copies with this KMS key: an alias, an id or an ARN", Most: 500},
				in, reason(), dryRun(),
			}, Run: a.dry(a.copy)},
		{Path: []string{"ami", "share"}, Summary: "Let other accounts launch servers from an image.", Example: "/ami share ami-0b2 --with 210987654321", Proposes: true,
			Args: []grammar.Arg{imageArg("image")}, OneOf: [][]string{{"with"}}, Flags: []grammar.Flag{with, in, reason(), dryRun()}, Run: a.dry(a.sharing(false))},
		{Path: []string{"ami", "unshare"}, Summary: "Let other accounts launch servers from an image no more.", Example: "/ami unshare ami-0b2 --with 210987654321", Proposes: true,
			Args: []grammar.Arg{imageArg("image")}, OneOf: [][]string{{"with"}}, Flags: []grammar.Flag{with, in, reason(), dryRun()}, Run: a.dry(a.sharing(true))},
		{Path: []string{"ami", "tag"}, Summary: "Set and remove tags of an image.", AnyOf: []string{"tags", "remove"}, Example: "/ami tag ami-0b2 team=web stage=tested --remove draft", Proposes: true,
			Args:  []grammar.Arg{imageArg("image"), {Name: "tags", About: "tags as key=value", Optional: true, Many: true}},
			Flags: []grammar.Flag{{Name: "remove", Kind: grammar.List, Most: 50, Value: "<key,key,…>", About: "keys of tags to remove"}, in, reason(), dryRun()}, Run: a.dry(a.tag)},
	}
}

func (a *AMI) copy(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	i, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return Result{}, err
	}
	to, err := a.destinations(env, c.Words.List("to"))
	if err != nil {
		return Result{}, err
	}
	p, err := a.copying(ctx, f, env, image.CopyWant{Image: i.ID, To: to, Name: strings.TrimSpace(c.Words.Text("name")), Key: strings.TrimSpace(c.Words.Text("kms-key"))})
	if err != nil {
		return Result{}, err
	}
	r, err := a.decide(ctx, c, env, p, "")
	return withNotes(r, i.taken()), err
}

// destinations understands where copies go: an environment by its name, or a region of the present one's account.
func (a *AMI) destinations(env Environment, words []string) ([]image.Destination, error) {
	var all []image.Destination
	for _, word := range words {
		d := image.Destination{Environment: env.Name, Region: word}
		other, err := a.Settings.named(word)
		switch {
		case err == nil:
			d = image.Destination{Environment: other.Name}
		case !image.IsRegion(word):
			return nil, fault.New(fault.Invalid, "`%s` is neither a region nor an environment.", card.Inert(short(word, 60))).
				WithHint("A region looks like `eu-central-1`. The environments are: %s.", strings.Join(a.Settings.names(), ", "))
		}
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all, nil
}

// copying makes the plan from how things are now.
func (a *AMI) copying(ctx context.Context, f Fleet, env Environment, want image.CopyWant) (image.Copying, error) {
	at := func(d image.Destination) (image.Reader, error) {
		if d.Region == "" {
			return a.Fleets(d.Environment)
		}
		return a.Regions(d.Environment, d.Region)
	}
	facts, err := image.GatherCopy(ctx, f, at, env.Name, want)
	if err != nil {
		return image.Copying{}, err
	}
	return image.NewCopy(facts, want)
}

func (a *AMI) sharing(remove bool) handler {
	return func(ctx context.Context, c *Call) (Result, error) {
		env, f, err := a.within(c)
		if err != nil {
			return Result{}, err
		}
		i, err := a.named(ctx, f, env, c.Words.Arg("image"))
		if err != nil {
			return Result{}, err
		}
		with, err := a.parties(ctx, c.Words.List("with"))
		if err != nil {
			return Result{}, err
		}
		p, err := shareOf(ctx, f, env, image.ShareWant{Image: i.ID, With: with, Remove: remove})
		if err != nil {
			return Result{}, err
		}
		r, err := a.decide(ctx, c, env, p, "")
		return withNotes(r, i.taken()), err
	}
}

// parties understands with whom an image is shared: an account by its id, or that of an environment.
func (a *AMI) parties(ctx context.Context, words []string) ([]image.Party, error) {
	bakes := &Bakes{Site: a.Site}
	var all []image.Party
	for _, word := range words {
		accounts, err := bakes.accounts(ctx, []string{word})
		if err != nil {
			return nil, err
		}
		party := image.Party{Account: accounts[0]}
		if env, err := a.Settings.named(word); err == nil {
			party.Environment = env.Name
		}
		all = append(all, party)
	}
	return all, nil
}

func shareOf(ctx context.Context, f Fleet, env Environment, want image.ShareWant) (image.Share, error) {
	facts, err := image.GatherShare(ctx, f, env.Name, want)
	if err != nil {
		return image.Share{}, err
	}
	return image.NewShare(facts, want)
}

func (a *AMI) tag(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	set, err := writtenTags(c.Words.Args["tags"])
	if err != nil {
		return Result{}, err
	}
	want := image.TagWant{Set: set, Remove: c.Words.List("remove")}
	i, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return Result{}, err
	}
	want.Image = i.ID
	p, err := tagsOf(ctx, f, env, want)
	if err != nil {
		return Result{}, err
	}
	r, err := a.decide(ctx, c, env, p, "")
	return withNotes(r, i.taken()), err
}

// writtenTags reads tags as people write them: team=web, and team="web" as in a shell.
func writtenTags(words []string) (map[string]string, error) {
	set := map[string]string{}
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, fault.New(fault.Invalid, "`%s` is no tag.", card.Inert(short(word, 80))).WithHint("Write it like `team=web`; `--remove team` removes it.")
		}
		if _, twice := set[key]; twice {
			return nil, fault.New(fault.Invalid, "The tag %s is there twice.", card.Inert(short(key, 80)))
		}
		if bare := strings.Trim(value, `"“”`); bare != value {
			if utf8.RuneCountInString(value)-utf8.RuneCountInString(bare) != 2 {
				return nil, fault.New(fault.Invalid, "The quotes of `%s` do not hold its words together.", card.Inert(short(word, 80))).
					WithHint("Put them around the whole tag: `\"team=web and shop\"`.")
			}
			value = bare
		}
		set[key] = value
	}
	return set, nil
}

func tagsOf(ctx context.Context, f Fleet, env Environment, want image.TagWant) (image.Tags, error) {
	facts, err := image.GatherTags(ctx, f, env.Name, want)
	if err != nil {
		return image.Tags{}, err
	}
	return image.NewTags(facts, want)
}

// copies is what the desk must know of copies.
func (a *AMI) copies() Kind {
	return changes[image.Copying]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old image.Copying) (image.Copying, error) {
			return a.copying(ctx, f, env, old.Want)
		},
		back: func(context.Context, Fleet, Environment, ledger.Record, image.Copying) (image.Copying, string, error) {
			return image.Copying{}, "", fault.New(fault.Conflict, "A copy is taken back by retiring it.").WithHint("`/ami retire <image> --in <environment>` does that.")
		},
	}
}

// shares is what the desk must know of shares.
func (a *AMI) shares() Kind {
	return changes[image.Share]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old image.Share) (image.Share, error) {
			return shareOf(ctx, f, env, old.Want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ image.Share) (image.Share, string, error) {
			want, ok := image.Unshare(r)
			if !ok {
				return image.Share{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s", standing(r))
			}
			p, err := shareOf(ctx, f, env, want)
			return p, insideOf(shareCommand(want), env), err
		},
	}
}

// shareCommand is what asks for a share.
func shareCommand(w image.ShareWant) string {
	verb := "share"
	if w.Remove {
		verb = "unshare"
	}
	ids := make([]string, len(w.With))
	for i, p := range w.With {
		ids[i] = p.Account
	}
	return "/ami " + verb + " " + string(w.Image) + " --with " + strings.Join(ids, ",")
}

// taggings is what the desk must know of changes of tags.
func (a *AMI) taggings() Kind {
	return changes[image.Tags]{
		site: &a.Site,
		again: func(ctx context.Context, f Fleet, env Environment, old image.Tags) (image.Tags, error) {
			return tagsOf(ctx, f, env, old.Want)
		},
		back: func(ctx context.Context, f Fleet, env Environment, r ledger.Record, _ image.Tags) (image.Tags, string, error) {
			want, ok := image.Retag(r)
			if !ok {
				return image.Tags{}, "", fault.New(fault.Conflict, "There is nothing to take back: %s", standing(r))
			}
			p, err := tagsOf(ctx, f, env, want)
			return p, insideOf(tagCommand(want), env), err
		},
	}
}

// tagCommand is what asks for a change of tags.
func tagCommand(w image.TagWant) string {
	words := []string{"/ami tag", string(w.Image)}
	for _, key := range tagKeys(w.Set) {
		words = append(words, grammar.Quote(key+"="+w.Set[key]))
	}
	if len(w.Remove) > 0 {
		words = append(words, "--remove", grammar.Quote(strings.Join(w.Remove, ",")))
	}
	return strings.Join(words, " ")
}

func tagKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
