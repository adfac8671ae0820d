package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

func tagActions() map[string]action {
	return map[string]action{
		"CreateTags":   createTags,
		"DeleteTags":   deleteTags,
		"DescribeTags": describeTags,
	}
}

// tagged is something of EC2 that carries tags.
type tagged struct {
	id, kind string
	tags     tags
}

// tagged lists everything that carries tags.
func (f *Fleet) tagged() []tagged {
	var all []tagged
	for _, i := range sortedValues(f.instances) {
		all = append(all, tagged{i.id, "instance", i.tags})
	}
	for _, img := range sortedValues(f.images) {
		all = append(all, tagged{img.id, "image", img.tags})
	}
	for _, s := range sortedValues(f.snapshots) {
		all = append(all, tagged{s.id, "snapshot", s.tags})
	}
	for _, v := range sortedValues(f.volumes) {
		all = append(all, tagged{v.id, "volume", v.tags})
	}
	for _, t := range sortedValues(f.templates) {
		all = append(all, tagged{t.id, "launch-template", t.tags})
	}
	for _, g := range sortedValues(f.securityGroups) {
		all = append(all, tagged{g.id, "security-group", g.tags})
	}
	for _, s := range sortedValues(f.subnets) {
		all = append(all, tagged{s.id, "subnet", s.tags})
	}
	return all
}

// marked finds what a request wants to tag, all or nothing.
func (k *call) marked() ([]tagged, error) {
	if err := k.need("ResourceId"); err != nil {
		return nil, err
	}
	all := k.fleet.tagged()
	var found []tagged
	for _, id := range k.p.strs("ResourceId") {
		i := slices.IndexFunc(all, func(t tagged) bool { return t.id == id })
		if i < 0 {
			return nil, refuse(notFoundCode(id), "The ID '%s' is not valid", id)
		}
		found = append(found, all[i])
	}
	return found, nil
}

func notFoundCode(id string) string {
	prefix, _, _ := strings.Cut(id, "-")
	known := map[string]string{"i": "InvalidInstanceID.NotFound", "ami": "InvalidAMIID.NotFound",
		"snap": "InvalidSnapshot.NotFound", "vol": "InvalidVolume.NotFound", "lt": "InvalidLaunchTemplateId.NotFound"}
	return cmp.Or(known[prefix], "InvalidID")
}

func createTags(k *call) ([]elem, error) {
	found, err := k.marked()
	if err != nil {
		return nil, err
	}
	added := tags{}
	for _, tag := range k.p.list("Tag") {
		key := tag.str("Key")
		if strings.HasPrefix(key, "aws:") {
			return nil, refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		}
		added[key] = tag.str("Value")
	}
	for _, t := range found {
		if len(t.tags)+len(added) > 50 {
			return nil, refuse("TagLimitExceeded", "More than 50 tags specified")
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, t := range found {
		maps.Copy(t.tags, added)
	}
	return []elem{flag("return", true)}, nil
}

// deleteTags removes a tag by key; with a value given, only if that is its value.
func deleteTags(k *call) ([]elem, error) {
	found, err := k.marked()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	for _, t := range found {
		for _, tag := range k.p.list("Tag") {
			key := tag.str("Key")
			if !tag.has("Value") || t.tags[key] == tag.str("Value") {
				delete(t.tags, key)
			}
		}
	}
	return []elem{flag("return", true)}, nil
}

// oneTag is a tag with what carries it.
type oneTag struct{ id, kind, key, value string }

func describeTags(k *call) ([]elem, error) {
	var all []oneTag
	for _, t := range k.fleet.tagged() {
		for _, key := range slices.Sorted(maps.Keys(t.tags)) {
			all = append(all, oneTag{t.id, t.kind, key, t.tags[key]})
		}
	}
	all, err := sift(all, k.filters(), func(t oneTag) field { return t.field })
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("tagSet", shown, func(t oneTag) []elem {
		return []elem{text("resourceId", t.id), text("resourceType", t.kind), text("key", t.key), raw("value", t.value)}
	}), text("nextToken", next)}, nil
}

func (t oneTag) field(name string) ([]string, bool) {
	switch name {
	case "resource-id":
		return []string{t.id}, true
	case "resource-type":
		return []string{t.kind}, true
	case "key":
		return []string{t.key}, true
	case "value":
		return []string{t.value}, true
	}
	return tags{t.key: t.value}.field(name)
}
