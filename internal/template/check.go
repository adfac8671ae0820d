package template

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Shelf is what an account has that a template can name.
type Shelf interface {
	Images(ctx context.Context, ids ...fleet.ImageID) ([]fleet.Image, error)
	InstanceTypes(ctx context.Context, prefix string) ([]string, error)
	KeyPairs(ctx context.Context) ([]string, error)
	Network
}

// Network is where machines are put.
type Network interface {
	Subnets(ctx context.Context, ids ...string) ([]fleet.Subnet, error)
	SecurityGroups(ctx context.Context, ids ...string) ([]fleet.SecurityGroup, error)
}

// Checked is a spec as it can be sent to AWS, and what is to be said about it.
type Checked struct {
	Spec     fleet.LaunchSpec // security groups by id
	Image    fleet.Image      // zero: none was named, or it does not exist
	VPC      string           // of the subnet or of the security groups; empty: neither is named
	Subnet   string           // one of that VPC, to try a launch in; empty: not known
	Findings []card.Finding
}

// Check looks at what a template is to name in the live account: that it exists, that the type goes with the image's
// architecture, that subnet and security groups are of one VPC. base is what the template has besides (the zero value
// for a new one): it is not looked for, but has to go with what is. Security groups may be named. What is not there is
// a finding that stops, with what was probably meant; an error means that AWS could not be asked.
func Check(ctx context.Context, from Shelf, spec, base fleet.LaunchSpec, now time.Time) (Checked, error) {
	c := check{ctx: ctx, from: from, base: base, now: now, Checked: Checked{Spec: spec}}
	for _, look := range []func() error{c.image, c.kind, c.key, c.network} {
		if err := look(); err != nil {
			return Checked{}, err
		}
	}
	if spec.Profile != "" && spec.Profile != base.Profile {
		c.warn("", "Instance profiles cannot be looked up from here: the dry run at the end tells whether %s can be used.", spec.Profile)
	}
	if spec.UserData != nil {
		c.Findings = append(c.Findings, CheckUserData(*spec.UserData)...)
	}
	return c.Checked, nil
}

// check is one Check under way.
type check struct {
	ctx  context.Context
	from Shelf
	base fleet.LaunchSpec
	now  time.Time
	Checked
}

func (c *check) stop(hint, format string, args ...any) {
	c.Findings = append(c.Findings, card.Finding{Stop: true, Text: fmt.Sprintf(format, args...), Hint: hint})
}

func (c *check) warn(hint, format string, args ...any) {
	c.Findings = append(c.Findings, card.Finding{Text: fmt.Sprintf(format, args...), Hint: hint})
}

// excuse takes a refusal for what it is: a missing permission to look is no reason to stop, and the dry run will tell.
func (c *check) excuse(err error, what string) error {
	if fleet.KindOf(err) != fleet.Refused {
		return err
	}
	c.warn("Whoever keeps my IAM policy can allow it; the dry run at the end tells in any case.", "AWS does not let me look at the %s.", what)
	return nil
}

// image looks at the image that will be used, whichever side names it.
func (c *check) image() error {
	id, own := c.Spec.Image, true
	if id == "" {
		id, own = c.base.Image, false
	}
	if id == "" || id.IsParameter() {
		return nil
	}
	found, err := c.from.Images(c.ctx, id)
	if err != nil {
		return c.excuse(fmt.Errorf("read image %s: %w", id, err), "image "+string(id))
	}
	if len(found) > 0 {
		c.Image = found[0]
	}
	finding, ok := ImageFinding(id, c.Image, c.now)
	if ok && !own {
		finding.Stop = false // it stands there already; the dry run says whether it would launch
	}
	if ok {
		c.Findings = append(c.Findings, finding)
	}
	return nil
}

// ImageFinding tells what is wrong with an image that a template names; image is zero for one that does not exist.
func ImageFinding(id fleet.ImageID, image fleet.Image, now time.Time) (card.Finding, bool) {
	stop := func(hint, format string, args ...any) (card.Finding, bool) {
		return card.Finding{Stop: true, Text: fmt.Sprintf(format, args...), Hint: hint}, true
	}
	switch {
	case id == "" || id.IsParameter():
		return card.Finding{}, false
	case image.ID == "":
		return stop("Check the id and the region, and that the image is shared with this account.", "Image %s does not exist here.", id)
	case image.State == "pending":
		return stop("Wait until it is available.", "Image %s is not ready yet: it is pending.", id)
	case image.State != "" && image.State != "available":
		return stop("Choose another image.", "Image %s cannot be launched: it is %s.", id, image.State)
	case !image.Deprecated.IsZero() && !image.Deprecated.After(now):
		return card.Finding{Text: fmt.Sprintf("Image %s is deprecated since %s.", id, image.Deprecated.Format("2 January 2006"))}, true
	}
	return card.Finding{}, false
}

// arm are the names of instance types with Graviton processors.
var arm = regexp.MustCompile(`^(?:[a-z]+\d+g[a-z]*|a1)\.`)

// architecture is that of an instance type, by its name.
func architecture(kind string) string {
	switch {
	case strings.HasPrefix(kind, "mac2"):
		return "arm64_mac"
	case strings.HasPrefix(kind, "mac"):
		return "x86_64_mac"
	case arm.MatchString(kind):
		return "arm64"
	}
	return "x86_64"
}

// kind looks for the instance type, and whether it goes with the image.
func (c *check) kind() error {
	if c.Spec.Type != "" {
		there, err := c.offered()
		if err != nil || !there {
			return err
		}
	}
	kind := c.Spec.Type
	if kind == "" {
		kind = c.base.Type
	}
	is, wants := c.Image.Architecture, architecture(kind)
	if kind != "" && is != "" && is != wants && !(is == "i386" && wants == "x86_64") {
		c.stop("Choose a type for "+is+", or an image for "+wants+".", "Image %s is for %s, and %s is %s.", c.Image.ID, is, kind, wants)
	}
	return nil
}

// offered looks whether the region has the type; AWS is asked for its family alone first.
func (c *check) offered() (bool, error) {
	kind := c.Spec.Type
	family, _, _ := strings.Cut(kind, ".")
	kinds, err := c.from.InstanceTypes(c.ctx, family+".")
	if err == nil && len(kinds) == 0 {
		kinds, err = c.from.InstanceTypes(c.ctx, "")
	}
	if err != nil {
		return true, c.excuse(fmt.Errorf("read instance types: %w", err), "type "+kind)
	}
	if slices.Contains(kinds, kind) {
		return true, nil
	}
	alike := slices.DeleteFunc(slices.Clone(kinds), func(other string) bool { return other[:1] != kind[:1] })
	c.stop(didYouMean(kind, alike, "A type looks like `m7i.large`."), "There is no instance type %s in this region.", kind)
	return false, nil
}

// key looks for the key pair.
func (c *check) key() error {
	if c.Spec.Key == "" {
		return nil
	}
	keys, err := c.from.KeyPairs(c.ctx)
	if err != nil {
		return c.excuse(fmt.Errorf("read key pairs: %w", err), "key pair "+c.Spec.Key)
	}
	if !slices.Contains(keys, c.Spec.Key) {
		c.stop(didYouMean(c.Spec.Key, keys, "Leave it out where people log in through Systems Manager."), "There is no key pair %s in this region.", c.Spec.Key)
	}
	return nil
}

// network looks for the subnet and the security groups, and whether they are of one VPC.
func (c *check) network() error {
	subnet, groups := c.Spec.Subnet, c.Spec.SecurityGroups
	if subnet == "" && len(groups) == 0 {
		return nil
	}
	if subnet == "" {
		subnet = c.base.Subnet
	}
	if len(groups) == 0 {
		groups = c.base.SecurityGroups
	}
	all, err := c.from.Subnets(c.ctx)
	if err != nil {
		return c.excuse(fmt.Errorf("read subnets: %w", err), "network")
	}
	c.place(subnet, all)
	if len(groups) > 0 {
		if err := c.guard(groups); err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(all, func(s fleet.Subnet) bool { return s.VPC == c.VPC && s.Free > 0 }); c.Subnet == "" && i >= 0 {
		c.Subnet = all[i].ID
	}
	return nil
}

// place finds the subnet among all there are.
func (c *check) place(subnet string, all []fleet.Subnet) {
	if subnet == "" {
		return
	}
	ids := make([]string, 0, len(all))
	for _, s := range all {
		if s.ID == subnet {
			c.VPC, c.Subnet = s.VPC, s.ID
			if s.Free == 0 {
				c.warn("Choose another subnet.", "Subnet %s has no free address.", s.ID)
			}
			return
		}
		ids = append(ids, s.ID)
	}
	c.stop(didYouMean(subnet, ids, "A subnet's id looks like `subnet-0abc1234`."), "There is no subnet %s in this region.", subnet)
}

// guard finds the security groups, by id or by name, and takes the ids.
func (c *check) guard(groups []string) error {
	all, err := c.from.SecurityGroups(c.ctx)
	if err != nil {
		return c.excuse(fmt.Errorf("read security groups: %w", err), "security groups")
	}
	var found []fleet.SecurityGroup
	for _, named := range groups {
		if g, ok := c.securityGroup(named, all); ok {
			found = append(found, g)
		}
	}
	if len(found) < len(groups) {
		return nil
	}
	c.alike(found)
	if len(c.Spec.SecurityGroups) > 0 {
		c.Spec.SecurityGroups = nil
		for _, g := range found {
			c.Spec.SecurityGroups = append(c.Spec.SecurityGroups, g.ID)
		}
	}
	return nil
}

// alike looks whether all are of one VPC.
func (c *check) alike(groups []fleet.SecurityGroup) {
	for _, g := range groups {
		switch {
		case c.VPC == "":
			c.VPC = g.VPC
		case g.VPC != "" && g.VPC != c.VPC:
			c.stop("Choose subnet and security groups of one VPC.", "Security group %s (%s) is in %s, the rest in %s.", g.ID, g.Name, g.VPC, c.VPC)
			return
		}
	}
}

// securityGroup finds one by id, or by a name that only one has in the VPC that is known as yet.
func (c *check) securityGroup(named string, all []fleet.SecurityGroup) (fleet.SecurityGroup, bool) {
	var found []fleet.SecurityGroup
	var names []string
	for _, g := range all {
		if g.ID == named || g.Name == named && (c.VPC == "" || g.VPC == c.VPC) {
			found = append(found, g)
		}
		names = append(names, g.ID, g.Name)
	}
	switch len(found) {
	case 0:
		c.stop(didYouMean(named, names, "Name it by its id or its name."), "There is no security group %s%s.", named, c.there())
		return fleet.SecurityGroup{}, false
	case 1:
		return found[0], true
	}
	var ids []string
	for _, g := range found {
		ids = append(ids, fmt.Sprintf("`%s` (%s)", g.ID, g.VPC))
	}
	c.stop("Give its id: "+strings.Join(ids, " or ")+".", "%d security groups are called %s.", len(found), named)
	return fleet.SecurityGroup{}, false
}

func (c *check) there() string {
	if c.VPC == "" {
		return " in this region"
	}
	return " in " + c.VPC
}

// didYouMean is a hint with the name that is nearest, or another one.
func didYouMean(name string, names []string, otherwise string) string {
	if near := grammar.Near(name, names); near != "" && near != name {
		return fmt.Sprintf("Did you mean `%s`?", near)
	}
	return otherwise
}

// empty reports whether a spec sets nothing.
func empty(s fleet.LaunchSpec) bool {
	return s.Image == "" && s.Type == "" && s.Key == "" && s.Subnet == "" && s.Profile == "" && s.UserData == nil &&
		len(s.SecurityGroups)+len(s.Tags) == 0
}

// valid refuses a spec that makes no sense in any account.
func valid(s fleet.LaunchSpec) error {
	for key, value := range s.Tags {
		if key == "" || len(key) > 128 || len(value) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return fault.New(fault.Invalid, "%s is no tag that can be set.", card.Inert(key)).
				WithHint("A key has 1 to 128 characters and does not begin with aws:, a value has 256 at the most.")
		}
	}
	switch {
	case s.Image.IsParameter():
		return fault.New(fault.Invalid, "%s is a parameter, not an image.", card.Inert(string(s.Image))).
			WithHint("Name the AMI itself: only then can a rollout be checked and rolled back.")
	case s.Subnet != "" && !strings.HasPrefix(s.Subnet, "subnet-"):
		return fault.New(fault.Invalid, "%q is not the id of a subnet.", card.Inert(s.Subnet)).WithHint("It looks like `subnet-0abc1234`.")
	case s.Profile != "" && !profile.MatchString(s.Profile):
		return fault.New(fault.Invalid, "%q is neither the name nor the ARN of an instance profile.", card.Inert(s.Profile))
	case s.UserData != nil:
		return validUserData(*s.UserData)
	}
	return nil
}

// profile is how an instance profile is named.
var profile = regexp.MustCompile(`^(?:[\w+=,.@-]{1,128}|arn:aws[\w-]*:iam::\d{12}:instance-profile/[\w+=,.@/-]+)$`)
