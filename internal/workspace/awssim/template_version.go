package awssim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func versionActions() map[string]action {
	return map[string]action{
		"CreateLaunchTemplateVersion":    createLaunchTemplateVersion,
		"DescribeLaunchTemplateVersions": describeLaunchTemplateVersions,
		"DeleteLaunchTemplateVersions":   deleteLaunchTemplateVersions,
	}
}

// createLaunchTemplateVersion holds only what the request gives, unless it names a source version: then
// what the request does not give at the top level is taken from the source.
func createLaunchTemplateVersion(k *call) ([]elem, error) {
	if err := k.need("LaunchTemplateData"); err != nil {
		return nil, err
	}
	t, err := k.askedTemplate()
	if err != nil {
		return nil, err
	}
	return k.once(func() (func() []elem, error) {
		data := k.p.at("LaunchTemplateData").clone()
		if from := k.p.str("SourceVersion"); from != "" {
			source, err := t.version(from)
			if err != nil {
				return nil, err
			}
			data = overlay(withoutSnapshots(source.data), data)
		}
		if len(t.versions) >= maxVersions {
			return nil, refuse("VersionLimitExceeded", "The launch template %s has %d versions already.", t.id, maxVersions)
		}
		if err := k.versionAsked(); err != nil {
			return nil, err
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		v := t.add(data, k.p.str("VersionDescription"), k.caller.arn)
		resolved := k.p.yes("ResolveAlias")
		return func() []elem {
			return []elem{el("launchTemplateVersion", t.versionElems(v, resolved)...), k.fleet.warning(v.data)}
		}, nil
	})
}

// withoutSnapshots copies template data but for the snapshots of its block devices, which a new version
// does not inherit.
func withoutSnapshots(data *params) *params {
	twin := data.clone()
	for _, mapping := range twin.list("BlockDeviceMapping") {
		delete(mapping.at("Ebs").kids, "SnapshotId")
	}
	return twin
}

func (t *template) versionElems(v *templateVersion, resolved bool) []elem {
	data := v.data
	if id, err := t.fleet.resolve(data.str("ImageId")); resolved && err == nil && id != "" {
		data = data.clone()
		data.put("ImageId", id)
	}
	return []elem{
		text("launchTemplateId", t.id),
		text("launchTemplateName", t.name),
		num("versionNumber", v.number),
		text("versionDescription", v.description),
		when("createTime", v.created),
		text("createdBy", v.caller),
		flag("defaultVersion", v.number == t.standard),
		el("launchTemplateData", responseData(data, "")...),
	}
}

// responseData turns template data from the names of requests into those of answers: BlockDeviceMapping.1
// becomes blockDeviceMappingSet/item. The few names that follow no rule are listed.
func responseData(p *params, parent string) []elem {
	var all []elem
	for _, name := range slices.Sorted(maps.Keys(p.kids)) {
		kid := p.kids[name]
		plain := strings.ToLower(name[:1]) + name[1:]
		switch {
		case kid.isList():
			all = append(all, responseList(kid, parent, name, plain))
		case len(kid.kids) > 0:
			all = append(all, el(plain, responseData(kid, name)...))
		default:
			all = append(all, raw(plain, kid.value))
		}
	}
	return all
}

func responseList(p *params, parent, name, plain string) elem {
	outer, inner := plain+"Set", "item"
	switch {
	case parent == "NetworkInterface" && name == "SecurityGroupId":
		outer, inner = "groupSet", "groupId"
	case parent == "SecondaryInterface" && name == "PrivateIpAddress":
		outer = "privateIpAddressesSet"
	case name == "LicenseSpecification":
		outer = "licenseSet"
	}
	e := el(outer)
	for _, item := range p.list() {
		if len(item.kids) == 0 {
			e.kids = append(e.kids, raw(inner, item.value))
			continue
		}
		e.kids = append(e.kids, el(inner, responseData(item, name)...))
	}
	return e
}

// shownVersion is a version with the template it belongs to.
type shownVersion struct {
	of *template
	*templateVersion
}

func describeLaunchTemplateVersions(k *call) ([]elem, error) {
	all, err := k.chosenVersions()
	if err != nil {
		return nil, err
	}
	if all, err = sift(all, k.filters(), func(v shownVersion) field { return v.field }); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 200, 200)
	if err != nil {
		return nil, err
	}
	return []elem{set("launchTemplateVersionSet", shown, func(v shownVersion) []elem {
		return v.of.versionElems(v.templateVersion, k.p.yes("ResolveAlias"))
	}), text("nextToken", next)}, nil
}

// chosenVersions returns what a request asks to see: of one template the named versions, or a range, or
// all from the newest; of all templates only $Latest and $Default.
func (k *call) chosenVersions() ([]shownVersion, error) {
	named := k.p.strs("LaunchTemplateVersion")
	if !k.p.has("LaunchTemplateId") && !k.p.has("LaunchTemplateName") {
		return k.fleet.edges(named)
	}
	t, err := k.askedTemplate()
	if err != nil {
		return nil, err
	}
	var all []shownVersion
	for _, text := range named {
		v, err := t.version(text)
		if err != nil {
			return nil, err
		}
		all = append(all, shownVersion{t, v})
	}
	if len(named) > 0 {
		return all, nil
	}
	least, most := k.num(1, "MinVersion"), k.num(t.last, "MaxVersion")
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(t.versions))) {
		if number >= least && number <= most {
			all = append(all, shownVersion{t, t.versions[number]})
		}
	}
	return all, nil
}

// edges returns the latest and the default versions of all templates.
func (f *Fleet) edges(named []string) ([]shownVersion, error) {
	var all []shownVersion
	for _, t := range f.sortedTemplates() {
		seen := map[int]bool{}
		for _, text := range named {
			if text != "$Latest" && text != "$Default" {
				return nil, refuse("InvalidParameterCombination", "Without a launch template only $Latest and $Default can be named.")
			}
			v, err := t.version(text)
			if err != nil {
				return nil, err
			}
			if !seen[v.number] {
				all = append(all, shownVersion{t, v})
			}
			seen[v.number] = true
		}
	}
	if len(named) == 0 {
		return nil, refuse("MissingParameter", "The request must contain the parameter LaunchTemplateId, LaunchTemplateName or Versions.")
	}
	return all, nil
}

func (v shownVersion) field(name string) ([]string, bool) {
	switch name {
	case "image-id":
		return []string{v.data.str("ImageId")}, true
	case "instance-type":
		return []string{v.data.str("InstanceType")}, true
	case "is-default-version":
		return []string{strconv.FormatBool(v.number == v.of.standard)}, true
	case "create-time":
		return []string{v.created.UTC().Format(stamp)}, true
	}
	return nil, false
}

func deleteLaunchTemplateVersions(k *call) ([]elem, error) {
	t, err := k.askedTemplate()
	if err != nil {
		return nil, err
	}
	named := k.p.strs("LaunchTemplateVersion")
	if len(named) == 0 || len(named) > 200 {
		return nil, refuse("InvalidParameterValue", "Between 1 and 200 versions must be named.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	deleted, kept := el("successfullyDeletedLaunchTemplateVersionSet"), el("unsuccessfullyDeletedLaunchTemplateVersionSet")
	for _, text := range named {
		item, ok := t.remove(text)
		if ok {
			deleted.kids = append(deleted.kids, item)
		} else {
			kept.kids = append(kept.kids, item)
		}
	}
	return []elem{deleted, kept}, nil
}

// remove deletes a version. AWS does not look whether a group uses it.
func (t *template) remove(version string) (elem, bool) {
	item := el("item", text("launchTemplateId", t.id), text("launchTemplateName", t.name), text("versionNumber", version))
	code, message := "", ""
	number, err := strconv.Atoi(version)
	switch {
	case err != nil, t.versions[number] == nil:
		code, message = "launchTemplateVersionDoesNotExist", "The version "+version+" does not exist."
	case number == t.standard:
		code, message = "unexpectedError", "The default version of a launch template cannot be deleted."
	default:
		delete(t.versions, number)
		return item, true
	}
	item.kids = append(item.kids, el("responseError", text("code", code), text("message", message)))
	return item, false
}

// getLaunchTemplateData describes a live instance in the terms of a template.
func getLaunchTemplateData(k *call) ([]elem, error) {
	if err := k.need("InstanceId"); err != nil {
		return nil, err
	}
	found, err := k.fleet.find([]string{k.p.str("InstanceId")})
	if err != nil {
		return nil, err
	}
	i := found[0]
	data := i.data.clone()
	data.put("ImageId", i.image)
	data.put("InstanceType", i.kind)
	data.put("Placement.AvailabilityZone", i.zone)
	return []elem{el("launchTemplateData", responseData(data, "")...)}, nil
}
