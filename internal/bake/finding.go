package bake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/plan"
	"github.com/amiral-ops/amiral/internal/say"
)

// preflight looks for what stands in the way, and for what people should know.
func preflight(f Facts, p Plan) []card.Finding {
	var found []card.Finding
	for _, look := range []func(Facts, Plan) []card.Finding{state, taken, ways, standby, twin, disks, keys, kin, platform, unseen} {
		found = append(found, look(f, p)...)
	}
	return found
}

// state: AWS makes images of instances that run or are stopped.
func state(f Facts, p Plan) []card.Finding {
	switch f.Instance.State {
	case "running":
		return nil
	case "stopped":
		return plan.One(plan.Warn("", "%s is stopped: it stays so, and the image is what was on its disks when it stopped.", p.Instance))
	case "terminated", "shutting-down":
		return plan.One(plan.Stop("An image of it can only be made from a snapshot of its volumes: `/ami snapshots "+string(p.Instance)+"` shows them.",
			"%s is %s.", p.Instance, f.Instance.State))
	}
	return plan.One(plan.Stop("Ask again when it runs, or is stopped.", "%s is %s, and AWS makes images of instances that run or are stopped.", p.Instance, f.Instance.State))
}

func taken(f Facts, p Plan) []card.Finding {
	if f.Taken == nil {
		return nil
	}
	return plan.One(plan.Stop("Give another one with `--name`.", "The name %s is taken by %s.", p.Name, f.Taken.ID))
}

// ways: under a group nobody is rebooted, and what else can be done is for people to choose.
func ways(f Facts, p Plan) []card.Finding {
	switch {
	case p.Group == "" && (p.Want.Way == Standby || p.Want.Way == Twin) && f.Group == nil:
		return plan.One(plan.Stop("Leave `--"+string(p.Want.Way)+"` out: it is rebooted then; `--no-reboot` leaves it running.",
			"%s serves in no group, so `--%s` means nothing for it.", p.Instance, p.Want.Way))
	case p.Chooses():
		return plan.One(plan.Stop("Choose: "+p.choices(), "%s serves in the group %s, which would take a reboot for a failure and replace it.", p.Instance, p.Group))
	}
	return nil
}

// Chooses reports whether the plan stops because people must choose what becomes of an instance that serves in a group.
func (p Plan) Chooses() bool { return p.Group != "" && p.Way == Reboot }

// choices are the ways there are for an instance of a group, as commands.
func (p Plan) choices() string {
	return fmt.Sprintf("`%s` leaves it running, and the image is what a power cut would leave; "+
		"`%s` takes it out of service, reboots it and brings it back; "+
		"`%s` makes the image of a throw-away machine that is launched as the group launches.",
		p.Command(NoReboot), p.Command(Standby), p.Command(Twin))
}

// Command is the plan's command with another way.
func (p Plan) Command(way Way) string {
	words := []string{"/ami bake", string(p.Instance)}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name, quoted(value))
		}
	}
	flag("name", p.Want.Name)
	flag("family", p.Want.Family)
	words = append(words, "--"+string(way))
	if p.Want.ExcludeData {
		words = append(words, "--exclude-data")
	}
	flag("copy-to", places(p.Want.CopyTo, p.Environment))
	flag("share", strings.Join(p.Want.Share, ","))
	flag("note", p.Want.Note)
	flag("in", p.Environment)
	return strings.Join(words, " ")
}

// places are the copies as they are typed: a region, or an environment that lies elsewhere.
func places(list []Place, home string) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.Environment
		if p.Environment == home {
			words[i] = p.Region
		}
	}
	return strings.Join(words, ",")
}

func quoted(s string) string {
	if strings.ContainsAny(s, " \"'") {
		return `"` + strings.ReplaceAll(s, `"`, `'`) + `"`
	}
	return s
}

// standby: the group gives up one of its capacity and gets it back.
func standby(f Facts, p Plan) []card.Finding {
	if p.Way != Standby || p.Group == "" {
		return nil
	}
	m, _ := memberOf(*f.Group, p.Instance)
	switch {
	case m.Lifecycle != "InService":
		return plan.One(plan.Stop("Wait until it is in service, or use `--no-reboot`.", "%s is %s in %s, and only what is in service can stand by.", p.Instance, m.Lifecycle, p.Group))
	case p.Desired <= p.Least:
		return plan.One(plan.Stop(fmt.Sprintf("Use `--twin` or `--no-reboot`, or lower the minimum first: `/asg scale %s %d --min %d`.", p.Group, p.Desired, max(p.Least-1, 0)),
			"%s is at its minimum of %d, so it would have to launch another instance in the place of %s.", p.Group, p.Least, p.Instance))
	case f.Refresh != "":
		return plan.One(plan.Stop("Wait until it is over: `/asg status "+string(p.Group)+"`.", "An instance refresh runs on %s: %s.", p.Group, f.Refresh))
	case p.Serving <= 1:
		return plan.One(plan.Warn("`--twin` touches no instance.", "%s is the only instance in service in %s: nothing serves meanwhile.", p.Instance, p.Group))
	}
	return nil
}

// twin: it is made from what the group launches, which is not what stands on the instance.
func twin(f Facts, p Plan) []card.Finding {
	if p.Way != Twin || p.Group == "" {
		return nil
	}
	switch v := f.Launches; {
	case v == nil:
		return plan.One(plan.Stop("Use `--no-reboot` or `--standby`.", "%s has no launch template that a twin could be launched from.", p.Group))
	case v.InstanceType == "":
		return plan.One(plan.Stop("Use `--no-reboot` or `--standby`.", "Version %d of %s names no instance type, so nothing can be launched from it alone.", v.Number, v.Name))
	default:
		found := plan.One(plan.Warn("`--standby` and `--no-reboot` capture the instance itself.",
			"The twin is launched from version %d of %s (%s): what was changed on %s since it was launched is not on it.", v.Number, v.Name, v.Image, p.Instance))
		if f.Source != nil && v.Image != f.Instance.Image && !v.Image.IsParameter() {
			found = append(found, plan.Warn("", "The group launches %s now, and %s runs %s.", v.Image, p.Instance, f.Instance.Image))
		}
		return found
	}
}

// much is from where on a bake is worth a warning about its time.
const much = 200 // GiB

// disks: what is in the image, and what is not.
func disks(f Facts, p Plan) (found []card.Finding) {
	if len(p.Disks) == 0 {
		found = append(found, plan.Stop("Images are made of EBS volumes.", "%s has no EBS volume.", p.Instance))
	}
	if f.Store {
		found = append(found, plan.Warn("Copy what is needed of it to an EBS volume first.", "%s has instance store, which no image holds.", p.Instance))
	}
	if gib := size(p.Disks); gib >= much || len(p.Disks) > 5 {
		found = append(found, plan.Warn("`--exclude-data` captures the root volume only.", "%s with %d GiB are captured: that may take about %s, and much longer where little was saved before.",
			say.Plural(len(p.Disks), "volume"), gib, card.Span(p.Expected)))
	}
	if p.Way == NoReboot && len(p.Disks) > 1 {
		found = append(found, plan.Warn("", "Without a reboot the %d volumes are each as they were at a moment, and what was not written yet is missing.", len(p.Disks)))
	}
	return found
}

// keys: an encrypted image is of no use to an account that may not use its key.
func keys(_ Facts, p Plan) []card.Finding {
	if !p.encrypted() {
		return nil
	}
	with := p.key()
	others := len(p.Want.Share) > 0 || slices.ContainsFunc(p.Want.CopyTo, func(c Place) bool { return c.Account != "" && c.Account != p.Account })
	if others && slices.ContainsFunc(p.Disks, func(d fleet.Disk) bool { return fleet.ManagedKey(d.Key) }) {
		return plan.One(plan.Stop("Leave the other accounts out, and have them use a copy that `/ami copy … --kms-key <key>` makes with a key of your own.",
			"The volumes are encrypted with AWS's own key for EBS, which no other account can use."))
	}
	if others {
		return plan.One(plan.Warn("Grant the other accounts the use of the key ("+plan.KeyReads+"); AWS's own key aws/ebs cannot be granted.",
			"The volumes are encrypted with %s: other accounts cannot launch the image without it.", with))
	}
	if len(p.Want.CopyTo) > 0 {
		return plan.One(plan.Warn("", "The volumes are encrypted with %s; a copy in another region is encrypted with the key for EBS there.", with))
	}
	return nil
}

// encrypted reports whether a captured volume is.
func (p Plan) encrypted() bool {
	return slices.ContainsFunc(p.Disks, func(d fleet.Disk) bool { return d.Encrypted })
}

// key names what the captured volumes are encrypted with.
func (p Plan) key() string {
	var used []string
	for _, d := range p.Disks {
		if d.Encrypted && d.Key != "" && !slices.Contains(used, d.Key) {
			used = append(used, d.Key)
		}
	}
	if len(used) == 0 {
		return "a KMS key"
	}
	return "the KMS key " + say.Some(used, 2)
}

// kin: an image that comes from another family is probably not what is meant.
func kin(f Facts, p Plan) []card.Finding {
	if p.Family == "" || f.Source == nil {
		return nil
	}
	switch was := f.Source.Tags["amiral:family"]; was {
	case p.Family:
		return nil
	case "":
		return plan.One(plan.Warn("", "%s runs %s, which is of no family: nobody can tell that it comes from the golden image of %s.", p.Instance, f.Source.ID, p.Family))
	default:
		return plan.One(plan.Warn("Make sure that this is the server you mean.", "%s runs %s of the family %s, and the image would be of %s.", p.Instance, f.Source.ID, was, p.Family))
	}
}

func windows(platform string) bool { return strings.Contains(strings.ToLower(platform), "windows") }

// platform: what cannot be launched again just like that.
func platform(f Facts, p Plan) (found []card.Finding) {
	if windows(p.Platform) {
		found = append(found, plan.Warn("Run EC2Launch's sysprep on it first where instances join a domain.",
			"It runs Windows: instances of the image have its name and its identifiers unless it is generalised."))
	}
	if codes := products(f); len(codes) > 0 {
		found = append(found, plan.Warn("", "It carries product codes of AWS Marketplace (%s): the image does, too, cannot be made public, and copying or sharing it may be refused.", say.Some(codes, 3)))
	}
	return found
}

// products are the product codes of the instance's image.
func products(f Facts) []string {
	if f.Source == nil {
		return nil
	}
	return f.Source.Products
}

// unseen: what AWS did not let us look at.
func unseen(f Facts, _ Plan) (found []card.Finding) {
	if why := f.Unseen["store"]; why != "" {
		found = append(found, plan.Warn("Allow ec2:DescribeInstanceTypes.", "It is not known whether the instance has instance store: %s", say.Closed(why)))
	}
	if why := f.Unseen["snapshots"]; why != "" {
		found = append(found, plan.Warn("Allow ec2:DescribeSnapshots; without it I cannot tell how far an image is.", "It is not known how much was saved before: %s", say.Closed(why)))
	}
	return found
}

// slowAfter is from when on a bake counts as slow, and patience how long it is waited for.
const (
	slowAfter = time.Hour
	patience  = 24 * time.Hour
)
