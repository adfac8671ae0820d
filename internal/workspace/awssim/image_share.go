package awssim

import (
	"slices"
	"strings"
)

// share is whom an image was opened to: an account, an organization or a unit of one. Everybody is the image's
// public flag.
type share struct{ user, organization, unit string }

func imageShareActions() map[string]action {
	return map[string]action{
		"ModifyImageAttribute":   modifyImageAttribute,
		"ResetImageAttribute":    resetImageAttribute,
		"DescribeImageAttribute": describeImageAttribute,
	}
}

// openTo tells whether an account may launch the image.
func (img *image) openTo(account string) bool {
	return img.owner == account || img.public || slices.Contains(img.shares, share{user: account})
}

// sharedImages are the images that other accounts opened to this one, in its region.
func (f *Fleet) sharedImages() []*image {
	var all []*image
	for _, a := range sortedValues(f.cloud.accounts) {
		other := a.regions[f.region]
		if other == nil || other == f {
			continue
		}
		for _, img := range sortedValues(other.images) {
			if img.owner == a.id && img.openTo(f.account) {
				all = append(all, img)
			}
		}
	}
	return all
}

// imageNamed is the image of that id, the fleet's own or a shared one.
func (f *Fleet) imageNamed(id string) *image {
	if img := f.images[id]; img != nil {
		return img
	}
	for _, a := range sortedValues(f.cloud.accounts) {
		other := a.regions[f.region]
		if other == nil || other == f {
			continue
		}
		if img := other.images[id]; img != nil && img.openTo(f.account) {
			return img
		}
	}
	return nil
}

// runsFor answers ExecutableUsers: self for what was shared with the account that asks, all for what is public, an
// account for what the asking one shared with it.
func (img *image) runsFor(users []string, asking string) bool {
	return slices.ContainsFunc(users, func(user string) bool {
		switch user {
		case "all":
			return img.public
		case "self":
			user = asking
		}
		return slices.Contains(img.shares, share{user: user})
	})
}

// modifyImageAttribute changes one attribute a call: the launch permission, the description, or IMDS support.
func modifyImageAttribute(k *call) ([]elem, error) {
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	add, remove := k.permissions("Add", "add"), k.permissions("Remove", "remove")
	opening := len(add)+len(remove) > 0
	switch count(opening, k.p.has("Description"), k.p.has("ImdsSupport")) {
	case 0:
		return nil, refuse("InvalidParameterCombination", "No attributes specified.")
	case 1:
	default:
		return nil, refuse("InvalidParameterCombination", "Only one attribute can be modified at a time.")
	}
	if err := img.openable(append(slices.Clone(add), remove...)); err != nil {
		return nil, err
	}
	if len(add) > 0 && img.guarded() {
		return nil, refuse("InvalidParameter", "Snapshots encrypted with the AWS Managed CMK can't be shared")
	}
	if imds := k.p.str("ImdsSupport", "Value"); k.p.has("ImdsSupport") && imds != "v2.0" {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter imdsSupport is invalid. It can only be set to v2.0.", imds)
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	switch {
	case k.p.has("Description"):
		img.description = k.p.str("Description", "Value") + k.p.str("Description")
	case k.p.has("ImdsSupport"):
		img.imds = "v2.0"
	default:
		img.open(add, remove)
	}
	return []elem{flag("return", true)}, nil
}

func count(conditions ...bool) int {
	n := 0
	for _, yes := range conditions {
		if yes {
			n++
		}
	}
	return n
}

// everybody is the group all, as a share.
var everybody = share{user: "all"}

// permissions reads launch permissions to add or to remove, in either of the two ways there are to write them.
func (k *call) permissions(list, operation string) []share {
	var all []share
	for _, p := range k.p.list("LaunchPermission", list) {
		who := share{p.str("UserId"), p.str("OrganizationArn"), p.str("OrganizationalUnitArn")}
		if p.has("Group") {
			who = share{user: p.str("Group")}
		}
		all = append(all, who)
	}
	if k.p.str("OperationType") != operation {
		return all
	}
	for _, user := range append(k.p.strs("UserId"), k.p.strs("UserGroup")...) {
		all = append(all, share{user: user})
	}
	for _, arn := range k.p.strs("OrganizationArn") {
		all = append(all, share{organization: arn})
	}
	for _, arn := range k.p.strs("OrganizationalUnitArn") {
		all = append(all, share{unit: arn})
	}
	return all
}

// openable checks that an image may be shared, and that those it is shared with can be.
func (img *image) openable(with []share) error {
	for _, who := range with {
		if img.state == "disabled" {
			return refuse("InvalidAMIID.Unavailable", "The image '%s' is disabled, and cannot be shared.", img.id)
		}
		if who.organization+who.unit == "" && who != everybody && !isAccount(who.user) {
			return refuse("InvalidAMIAttributeItemValue", "Invalid attribute item value \"%s\" for userId item type.", who.user)
		}
		if who == everybody && slices.ContainsFunc(img.disks, func(d imageDisk) bool { return d.encrypted }) {
			return refuse("InvalidParameter", "Snapshots encrypted with a customer master key cannot be shared with everybody.")
		}
	}
	return nil
}

// guarded reports whether a snapshot of the image is encrypted with AWS's own key.
func (img *image) guarded() (yes bool) {
	img.eachSnapshot(func(s *snapshot) { yes = yes || s.guarded() })
	return yes
}

// open adds and removes launch permissions. Adding what is there, and removing what is not, is harmless.
func (img *image) open(add, remove []share) {
	for _, who := range add {
		if who == everybody {
			img.public = true
		} else if !slices.Contains(img.shares, who) {
			img.shares = append(img.shares, who)
		}
	}
	for _, who := range remove {
		if who == everybody {
			img.public = false
		}
		img.shares = slices.DeleteFunc(img.shares, func(s share) bool { return s == who })
	}
}

// resetImageAttribute takes all launch permissions back.
func resetImageAttribute(k *call) ([]elem, error) {
	if k.p.str("Attribute") != "launchPermission" {
		return nil, refuse("InvalidParameterValue", "Only the attribute launchPermission can be reset, not '%s'.", k.p.str("Attribute"))
	}
	return k.alter(always, func(img *image) { img.public, img.shares = false, nil })
}

// describeImageAttribute shows one attribute to the owner.
func describeImageAttribute(k *call) ([]elem, error) {
	if err := k.need("Attribute"); err != nil {
		return nil, err
	}
	img, err := k.ownImage()
	if err != nil {
		return nil, err
	}
	name := k.p.str("Attribute")
	shown := elem{}
	switch name {
	case "launchPermission":
		shown = set(name, img.permissions(), share.elems)
	case "blockDeviceMapping":
		shown = set(name, img.disks, imageDisk.elems)
	case "description":
		shown = el(name, text("value", img.description))
	case "imdsSupport":
		shown = el(name, text("value", img.imds))
	case "bootMode":
		shown = el(name, text("value", img.bootMode))
	case "lastLaunchedTime":
		shown = el(name, when("value", img.lastLaunched))
	case "deregistrationProtection":
		shown = el(name, text("value", img.guard()))
	default:
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", name)
	}
	return []elem{text("imageId", img.id), shown}, nil
}

func (img *image) permissions() []share {
	all := slices.SortedFunc(slices.Values(img.shares), func(a, b share) int {
		return strings.Compare(a.user+a.organization+a.unit, b.user+b.organization+b.unit)
	})
	if img.public {
		all = append([]share{everybody}, all...)
	}
	return all
}

func (s share) elems() []elem {
	if s == everybody {
		return []elem{text("group", "all")}
	}
	return []elem{text("userId", s.user), text("organizationArn", s.organization), text("organizationalUnitArn", s.unit)}
}
